"""All settings, from the environment. The README's configuration table lists every variable read here."""

from typing import Any

import django_stubs_ext

from bricqs import embedded, logs
from bricqs.console import UNFOLD as UNFOLD
from bricqs.env import PROJECT_DIR as PROJECT_DIR
from bricqs.env import data_dir, database, env, is_private, listed, number, secret_key, text

# Lets generic classes such as ModelAdmin[Tenant] be written as the type checker wants them.
django_stubs_ext.monkeypatch()

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = secret_key()
SECRET_KEY_IS_GENERATED = not text("SECRET_KEY")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = listed("CSRF_TRUSTED_ORIGINS")
DATA_DIR = data_dir()

# Where `manage.py serve` listens, with how many processes, and threads of each.
SERVE_HOST = text("HOST", "127.0.0.1")
SERVE_PORT = number("PORT", 8000)
WEB_WORKERS = number("WEB_WORKERS", 2)
WEB_THREADS = number("WEB_THREADS", 8)
# Demo keys have no place in a database that somebody brought, nor where others can reach them, unless somebody says so.
SEED_DEMO = env.bool("SEED_DEMO", embedded.is_used() and is_private(SERVE_HOST, ALLOWED_HOSTS))
# Opens /metrics, as a bearer token; without one the route is closed.
METRICS_TOKEN = text("METRICS_TOKEN")

# Set it behind a proxy that speaks TLS, says so in X-Forwarded-Proto, and lets no client say so.
HTTPS = env.bool("HTTPS", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Asked from inside, by whoever looks after the processes.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 31_536_000) if HTTPS else 0
# Ids of checks that do not apply to this installation, such as bricqs.W002. Of Django's own: whether other hosts of the
# domain speak TLS, and so may be in its HSTS policy, is not for this service to say.
SILENCED_SYSTEM_CHECKS = [*listed("SILENCED_CHECKS"), "security.W005", "security.W021"]

# The Bricqs write cap: successful writes per participant and fixed window; a tenant's own setting overrides it.
PARTICIPANT_WRITE_RATE = env.str("PARTICIPANT_WRITE_RATE", "120/m")
# How many single operations of one tenant may share a transaction; 1: none. See gamify/services/_joining.py.
JOINED_OPERATIONS_MAX = number("JOINED_OPERATIONS_MAX", 100)
# Calls with a session, and calls with a wrong key, of one address; see tenants/addresses.py. Empty: no limit. Many
# players may share an address: an office, a school, a mobile network.
SESSION_CALL_RATE = env.str("SESSION_CALL_RATE", "1200/m")
FAILED_KEY_RATE = env.str("FAILED_KEY_RATE", "600/m")
# The header in which a proxy of yours says where a call comes from, such as X-Real-IP. Set it only behind one that
# overwrites or appends to it, and drops names with underscores (to WSGI, X_Real_IP is the same): whoever can send the
# header chooses an address.
PROXY_ADDRESS_HEADER = env.str("PROXY_ADDRESS_HEADER", "")
# A request body over this is refused before it is parsed.
DATA_UPLOAD_MAX_MEMORY_SIZE = number("MAX_BODY_BYTES", 1024 * 1024)

INSTALLED_APPS = [
    # Before Django's admin, whose templates it replaces.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "django_ratelimit",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "bricqs",
    "tenants",
    "engagements",
    "gamify",
]

MIDDLEWARE = [
    # First, so that it sees every answer.
    "bricqs.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "bricqs.console_middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "bricqs.console_middleware.AuthenticationMiddleware",
    "bricqs.console_middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "bricqs.urls"
WSGI_APPLICATION = "bricqs.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

CACHE_URL = env.str("CACHE_URL", "")
if CACHE_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": CACHE_URL,
            # Nothing that is right or wrong depends on the cache: without it, limits by address are not kept, which
            # tenants/addresses.py notes in the log.
            "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    # Each process counts for itself: limits by address hold once for each. Several machines need CACHE_URL anyway.
    SILENCED_SYSTEM_CHECKS += ["django_ratelimit.E003", "django_ratelimit.W001"]
# Where the cache is down, calls are served and people can still sign in.
RATELIMIT_FAIL_OPEN = True
RATELIMIT_IP_META_KEY = "tenants.addresses.client_address"
# The console's sessions are in the database alone: which tenant somebody chose, and that he logged out, must hold at
# once in every process and from then on. A copy in a cache that is unreachable at the logout would outlive it.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
LOGIN_REDIRECT_URL = "admin:index"

# How long a write waits for its participant's lock.
LOCK_TIMEOUT = env.str("LOCK_TIMEOUT", "5s")
DATABASES = {"default": database(lock_timeout=LOCK_TIMEOUT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Uploads of the console wait for their confirmation here: where there are several machines, all must find them.
IMPORT_EXPORT_TMP_STORAGE_CLASS = f"gamify.admin._uploads.{'CachedUpload' if CACHE_URL else 'FolderUpload'}"

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
# As the console writes them.
DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
USE_TZ = True

STATIC_URL = "/static/"
# Assets are read from the packages themselves: nothing has to be collected before the first start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# What browsers call from other sites; engagements/cors.py says which of them may read the answers.
SESSION_API_PATH = "/api/v1/points/"
CORS_URLS_REGEX = rf"^{SESSION_API_PATH}"
CORS_ALLOW_METHODS = ["POST"]
CORS_ALLOW_HEADERS = ["content-type"]
CORS_EXPOSE_HEADERS = ["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
CORS_PREFLIGHT_MAX_AGE = 3600

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["gamify.http.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Bricqs points API",
    "DESCRIPTION": "Award and deduct points, query balances, page through the ledger.\n\n"
    "Every answer of an endpoint under `/api/v1` carries `X-RateLimit-Limit`, `X-RateLimit-Remaining` and"
    " `X-RateLimit-Reset`; `bad_request`, `not_found` (no such route) and `internal_error` come from none and carry"
    ' none. Where a body is to hold an integer, `"100"`, `100.5` and `true` are 422.',
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"CreditTypeEnum": ["award", "bonus"], "DebitTypeEnum": ["deduct", "redemption"]},
}

LOG_FORMAT = env.str("LOG_FORMAT", "")
LOG_LEVEL = text("LOG_LEVEL", "INFO").upper()
LOGGING: dict[str, Any] = logs.config(style=LOG_FORMAT, level=LOG_LEVEL)
