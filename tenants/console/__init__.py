"""What all pages of the console share: scoping, the tenant worked in, the login. Pages themselves are in `admin`."""
