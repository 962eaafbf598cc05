// What the console's own pages do beyond links and forms.

document.addEventListener("DOMContentLoaded", () => {
  // The browser's colour picker beside a text that may also be empty.
  for (const text of document.querySelectorAll("input[data-colour]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.className = "c-colour";
    picker.setAttribute("aria-label", "Pick a colour");
    const follow = () => { if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value; };
    picker.addEventListener("input", () => { text.value = picker.value; });
    text.addEventListener("input", follow);
    follow();
    text.insertAdjacentElement("afterend", picker);
  }

  // Up and down in a list; the hidden inputs inside move along, and their order is what is sent.
  for (const list of document.querySelectorAll("[data-order]")) {
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move]");
      if (!button) return;
      const row = button.closest("li");
      const other = button.dataset.move === "up" ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (button.dataset.move === "up") other.before(row); else other.after(row);
      button.focus();
    });
  }

  // Copies a key that is shown once.
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    });
  }

  // A second click while the first is under way would take its answer away, and a new key is in that answer alone.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      // An answer that is a file leaves the page where it is, as does a stopped one.
      setTimeout(() => { delete form.dataset.sent; }, 5000);
    });
    // Whoever comes back to the page may send it again.
    window.addEventListener("pageshow", () => { delete form.dataset.sent; });
  }

  // A long run goes on by itself, a piece at a time.
  document.querySelector("form[data-goes-on]")?.submit();

  // Large numbers on axes: 12,300,000 takes a third of a phone's width.
  if (window.Chart) {
    const short = new Intl.NumberFormat("en", { notation: "compact" });
    Chart.defaults.scales.linear.ticks.callback = (value) => short.format(value);
  }
});
