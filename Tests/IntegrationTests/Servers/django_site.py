# What the servers made with Django have in common: a project without files of its own, kept in one SQLite file.
import os
import tempfile

PERSON, PASSWORD = "ada", "a-person-signs-in-7731"

# django.contrib.auth brings the view and the form, and leaves the page to the project.
LOGIN_PAGE = """<!doctype html><title>Sign in</title><h1>Sign in</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}">
<button type="submit">Sign in</button></form>"""


def configure(module, apps, middleware=(), pages=None, **more):
    """Sets Django up; module holds `urlpatterns`."""
    import django
    from django.conf import settings

    settings.configure(**{
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "SECRET_KEY": os.urandom(32).hex(),
        "ROOT_URLCONF": module,
        "INSTALLED_APPS": [
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
            *apps],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware", *middleware],
        "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "DATABASES": {"default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": tempfile.mkdtemp(dir=os.getcwd()) + "/django.sqlite",
            "OPTIONS": {
                "timeout": 120, "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"}}},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "LOGIN_URL": "/accounts/login/",
        "USE_TZ": True,
        "TEMPLATES": [{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages"],
                "loaders": [
                    ("django.template.loaders.locmem.Loader", pages or {}),
                    "django.template.loaders.app_directories.Loader"]}}],
        **more})
    django.setup()


def prepare():
    """Tables, and a person; she is returned."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    return User.objects.create_user(PERSON, "ada@people.example", PASSWORD)


def rsa_key():
    """A private key in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
