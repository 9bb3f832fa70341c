"""Django settings, all read from the environment (see `.env.example`); with none, a private demonstration set-up."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from config import embarque, journaux
from config.reglages import Reglages

BASE_DIR = Path(__file__).resolve().parent.parent
reglages = Reglages(Path(os.environ.get("PASSERELLE_ENV", BASE_DIR / ".env")))
# Absolute, or relative to the checkout.
VAR = BASE_DIR / reglages.texte("PASSERELLE_VAR", "var")

# --- mode and keys -----------------------------------------------------------------------------------------------

PRODUCTION = reglages.booleen("PASSERELLE_PRODUCTION", False)
DEBUG = reglages.booleen("DEBUG", False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured(
        "Réglage DEBUG invalide : en production (PASSERELLE_PRODUCTION=oui) il montrerait des secrets. Mettez « non »."
    )

_CLES_DONNEES = reglages.est_donne("SECRET_KEY") and reglages.est_donne("FERNET_KEYS")
_secrets_locaux = {} if PRODUCTION or _CLES_DONNEES else embarque.secrets_locaux(VAR)
SECRET_KEY = reglages.texte("SECRET_KEY", _secrets_locaux.get("SECRET_KEY"))
# First key encrypts, all decrypt. Never SECRET_KEY.
FERNET_KEYS = reglages.cles_fernet("FERNET_KEYS", tuple(_secrets_locaux.get("FERNET_KEYS", ())) or None)
if SECRET_KEY in FERNET_KEYS:
    raise ImproperlyConfigured("Réglage FERNET_KEYS invalide : il doit différer de SECRET_KEY.")

ALLOWED_HOSTS = reglages.liste("ALLOWED_HOSTS", None if PRODUCTION else ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = reglages.liste("CSRF_TRUSTED_ORIGINS")

# Web address of « make demo ».
DEMO_PORT = reglages.entier("DEMO_PORT", 8000, minimum=1, maximum=65535)

# --- applications ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "config.apps.ConfigConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "simple_history",
    "dossiers",
    "interlocuteurs",
    "raccordements",
]

MIDDLEWARE = [
    "config.sante.SondesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.journaux.RequeteMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.EntreeSaineMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dossiers.supervision.bandeau.contexte",
            ],
        },
    }
]

# --- database, broker --------------------------------------------------------------------------------------------

# Without an address, the private servers that « make demo » starts.
BASE_PRIVEE = not (PRODUCTION or reglages.est_donne("DATABASE_URL"))
COURTIER_PRIVE = not (PRODUCTION or reglages.est_donne("REDIS_URL"))

DATABASES: dict[str, dict[str, Any]] = {
    "default": embarque.base_embarquee(VAR)
    if BASE_PRIVEE
    else embarque.base_depuis_url(reglages.texte("DATABASE_URL")),
}
DATABASES["default"].setdefault("CONN_MAX_AGE", reglages.entier("DATABASE_CONN_MAX_AGE", 60))
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = embarque.url_valkey(VAR) if COURTIER_PRIVE else reglages.courtier("REDIS_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "passerelle"
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- users -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "dossiers.Collaborateur"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{nom}"}
    for nom in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = reglages.entier("CONNEXION_ESSAIS", 5, minimum=1)
AXES_COOLOFF_TIME = reglages.entier("CONNEXION_BLOCAGE_HEURES", 1, minimum=1)
# By user and address together: a whole office shares one address.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "admin/connexion_bloquee.html"
AXES_RESET_ON_SUCCESS = True
OTP_TOTP_ISSUER = "Passerelle"
AXES_IPWARE_PROXY_COUNT = reglages.entier("CONNEXION_MANDATAIRES", 0)

# --- language, time, files ---------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "Europe/Paris"
USE_I18N = USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
_TESTS = "pytest" in sys.modules
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Files of accounting entries, before their deposit at Cegid: read by another process, by their path.
    "ecritures": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": BASE_DIR / reglages.texte("ECRITURES_DOSSIER", str(VAR / "ecritures")),
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or _TESTS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or _TESTS
# Files are looked for when asked for: reading all of them costs each test client 25 ms.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Bytes of one file sent by a browser. Always to a temporary file: a reader in another process opens it by its path.
TELEVERSEMENT_TAILLE_MAX = reglages.entier("TELEVERSEMENT_TAILLE_MAX", 20 * 1024 * 1024, minimum=1024)
FILE_UPLOAD_HANDLERS = [
    "config.televersement.PlafondDeTaille",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Cegid Loop --------------------------------------------------------------------------------------------------

LOOP_SIMULATEUR_PORT = reglages.entier("LOOP_SIMULATEUR_PORT", 8091, minimum=1, maximum=65535)
# One base address per environment of a key (CleApi.environnement).
LOOP_URLS = {
    "bac_a_sable": reglages.adresse(
        "LOOP_URL_BAC_A_SABLE", f"http://127.0.0.1:{LOOP_SIMULATEUR_PORT}/loop-api-publiques"
    ),
    "test": reglages.adresse("LOOP_URL_TEST", ""),
    "production": reglages.adresse("LOOP_URL_PRODUCTION", ""),
}
LOOP_CHEMINS = {
    "loophub": reglages.texte("LOOP_CHEMIN_LOOPHUB", "/loophub"),
    "ajouter_offre": reglages.texte("LOOP_CHEMIN_AJOUTER_OFFRE", "/collaborativeOffer/addOffer"),
    "ajouter_offre_collaborative": reglages.texte(
        "LOOP_CHEMIN_AJOUTER_OFFRE_COLLABORATIVE", "/collaborativeOffer/addCollaborativeOffer"
    ),
    "retirer_offre": reglages.texte("LOOP_CHEMIN_RETIRER_OFFRE", "/collaborativeOffer/removeOffer"),
    "ajouter_interlocuteur": reglages.texte("LOOP_CHEMIN_AJOUTER_INTERLOCUTEUR", "/provisionningCollab/addClient"),
    "modifier_interlocuteur": reglages.texte("LOOP_CHEMIN_MODIFIER_INTERLOCUTEUR", "/provisionningCollab/updateClient"),
    "retirer_application": reglages.texte("LOOP_CHEMIN_RETIRER_APPLICATION", "/provisionningCollab/removeApplication"),
    "provisionner": reglages.texte("LOOP_CHEMIN_PROVISIONNER", "/companyProvisioning/provisionCompany"),
    "dossier_complet": reglages.texte("LOOP_CHEMIN_DOSSIER_COMPLET", "/DossierComplet"),
    "etablissements": reglages.texte("LOOP_CHEMIN_ETABLISSEMENTS", "/etablissementComplet"),
    "acces_collaborateur": reglages.texte("LOOP_CHEMIN_ACCES_COLLABORATEUR", "/checkCollaborateurAccess"),
    "depot": reglages.texte("LOOP_CHEMIN_DEPOT", "/getFileUrlDeposit"),
    "import_perso": reglages.texte("LOOP_CHEMIN_IMPORT_PERSO", "/importPerso"),
    "import_fec": reglages.texte("LOOP_CHEMIN_IMPORT_FEC", "/importFEC"),
    "statut_import": reglages.texte("LOOP_CHEMIN_STATUT_IMPORT", "/getImportStatus"),
}
# addOffer is deprecated since 01/07/2024; the body of its successor is not public and asks for a contact.
LOOP_AJOUT_OFFRE = reglages.choix("LOOP_AJOUT_OFFRE", "addOffer", ("addOffer", "addCollaborativeOffer"))
LOOP_CHAMP_CONTACT = reglages.texte("LOOP_CHAMP_CONTACT", "email")
# Whether an addClient whose answer was lost is settled by an updateClient of the same values: docs/decisions/0009.
LOOP_RELECTURE_INTERLOCUTEUR = reglages.booleen("LOOP_RELECTURE_INTERLOCUTEUR", False)
# Seconds for the sending of a file of entries to the storage.
LOOP_DEPOT_DELAI = reglages.entier("LOOP_DEPOT_DELAI", 600, minimum=1)
# Public pages leave these open: a deposit answer without `uri`, a SIRET for importFEC, getImportStatus' parameter.
LOOP_DEPOT_URI_DU_CHEMIN = reglages.booleen("LOOP_DEPOT_URI_DU_CHEMIN", False)
LOOP_IMPORT_FEC_SIRET = reglages.booleen("LOOP_IMPORT_FEC_SIRET", False)
LOOP_IMPORT_PARAMETRE = reglages.texte("LOOP_IMPORT_PARAMETRE", "accountingImportRequestId")

# --- Chorus Pro --------------------------------------------------------------------------------------------------

CHORUS_SIMULATEUR_PORT = reglages.entier("CHORUS_SIMULATEUR_PORT", 8092, minimum=1, maximum=65535)
# Out of production the simulator plays both environments, so that nothing leaves this machine unless it was asked for.
_CHORUS_SIMULE = "" if PRODUCTION else f"http://127.0.0.1:{CHORUS_SIMULATEUR_PORT}"
# Base addresses by environment of the credentials: PISTE's token, its APIs, and the channel « api » of the fiches.
CHORUS_URLS = {
    "qualification": {
        "oauth": reglages.adresse(
            "CHORUS_OAUTH_URL_QUALIFICATION", _CHORUS_SIMULE and f"{_CHORUS_SIMULE}/qualification"
        ),
        "api": reglages.adresse("CHORUS_API_URL_QUALIFICATION", _CHORUS_SIMULE and f"{_CHORUS_SIMULE}/qualification"),
        "canal": reglages.adresse(
            "CHORUS_CANAL_URL_QUALIFICATION", _CHORUS_SIMULE and f"{_CHORUS_SIMULE}/qualification/portail"
        ),
    },
    "production": {
        "oauth": reglages.adresse("CHORUS_OAUTH_URL_PRODUCTION", _CHORUS_SIMULE and f"{_CHORUS_SIMULE}/production"),
        "api": reglages.adresse("CHORUS_API_URL_PRODUCTION", _CHORUS_SIMULE and f"{_CHORUS_SIMULE}/production"),
        "canal": reglages.adresse(
            "CHORUS_CANAL_URL_PRODUCTION", _CHORUS_SIMULE and f"{_CHORUS_SIMULE}/production/portail"
        ),
    },
}
CHORUS_CHEMINS = {
    "jeton": reglages.texte("CHORUS_CHEMIN_JETON", "/api/oauth/token"),
    "sante": reglages.texte("CHORUS_CHEMIN_SANTE", "/cpro/transverses/v1/health-check"),
    "structures_rechercher": reglages.texte("CHORUS_CHEMIN_STRUCTURES_RECHERCHER", "/cpro/structures/v1/rechercher"),
    "structures_consulter": reglages.texte("CHORUS_CHEMIN_STRUCTURES_CONSULTER", "/cpro/structures/v1/consulter"),
    "services_rechercher": reglages.texte(
        "CHORUS_CHEMIN_SERVICES_RECHERCHER", "/cpro/structures/v1/rechercher/services"
    ),
    "rattachements": reglages.texte(
        "CHORUS_CHEMIN_RATTACHEMENTS", "/cpro/utilisateurs/v1/monCompte/recuperer/rattachements"
    ),
    # The space follows: /fournisseur, /destinataire, /facturetravaux.
    "structures_actives": reglages.texte(
        "CHORUS_CHEMIN_STRUCTURES_ACTIVES", "/cpro/transverses/v1/recuperer/structures/actives"
    ),
    "consulter_cr": reglages.texte("CHORUS_CHEMIN_CONSULTER_CR", "/cpro/transverses/v1/consulterCR"),
    "consulter_cr_detaille": reglages.texte(
        "CHORUS_CHEMIN_CONSULTER_CR_DETAILLE", "/cpro/transverses/v1/consulterCRDetaille"
    ),
    "deposer_flux": reglages.texte("CHORUS_CHEMIN_DEPOSER_FLUX", "/cpro/factures/v1/deposer/flux"),
    "factures_fournisseur": reglages.texte(
        "CHORUS_CHEMIN_FACTURES_FOURNISSEUR", "/cpro/factures/v1/rechercher/fournisseur"
    ),
    "organisations": reglages.texte("CHORUS_CHEMIN_ORGANISATIONS", "/cpro/organisations/v1"),
}
# How a fiche leaves: a person types it on the portal, or it is posted to the channel's address.
CHORUS_CANAL = reglages.choix("CHORUS_CANAL", "portail" if PRODUCTION else "api", ("portail", "api"))
# The form of a new API fiche: today's (a PISTE application) or that of 2017 (a certificate).
CHORUS_FICHE_API = reglages.choix("CHORUS_FICHE_API", "piste", ("piste", "certificat"))
# Seconds between two readings of where a sent fiche stands, the first and the longest; days after which they stop.
CHORUS_SUIVI = {
    "premier": reglages.entier("CHORUS_SUIVI_PREMIER", 15, minimum=1),
    "max": reglages.entier("CHORUS_SUIVI_MAX", 3600, minimum=1),
    "jours": reglages.entier("CHORUS_SUIVI_JOURS", 30, minimum=1),
}
CHORUS_CANAL_JETON = reglages.texte("CHORUS_CANAL_JETON", "" if PRODUCTION else "canal-du-simulateur")

# --- Cegid OD ----------------------------------------------------------------------------------------------------

OD_SIMULATEUR_PORT = reglages.entier("OD_SIMULATEUR_PORT", 8093, minimum=1, maximum=65535)
# Base addresses by environment of a key (CleApi.environnement): Cegid OD, and Cegid Account which gives its tokens.
OD_URLS = {
    "bac_a_sable": {
        "od": reglages.adresse("OD_URL_BAC_A_SABLE", f"http://127.0.0.1:{OD_SIMULATEUR_PORT}/od"),
        "compte": reglages.adresse("OD_COMPTE_URL_BAC_A_SABLE", f"http://127.0.0.1:{OD_SIMULATEUR_PORT}/compte"),
    },
    "test": {
        "od": reglages.adresse("OD_URL_TEST", ""),
        "compte": reglages.adresse("OD_COMPTE_URL_TEST", ""),
    },
    "production": {
        "od": reglages.adresse("OD_URL_PRODUCTION", ""),
        "compte": reglages.adresse("OD_COMPTE_URL_PRODUCTION", ""),
    },
}
# Cegid publishes none of these paths: raccordements/od/contrat.py.
OD_CHEMINS = {
    "sante": reglages.texte("OD_CHEMIN_SANTE", "/health"),
    "onboardings": reglages.texte("OD_CHEMIN_ONBOARDINGS", "/onboardings"),
    "connexion": reglages.texte("OD_CHEMIN_CONNEXION", "/onboardings/{onboarding}/connectionData"),
    "annuler": reglages.texte("OD_CHEMIN_ANNULER", "/onboardings/{onboarding}/cancel"),
    "lignes": reglages.texte("OD_CHEMIN_LIGNES", "/addressingLines"),
    "jeton": reglages.texte("OD_CHEMIN_JETON", "/token"),
    "souscriptions": reglages.texte("OD_CHEMIN_SOUSCRIPTIONS", "/subscriptions"),
    "terminer": reglages.texte("OD_CHEMIN_TERMINER", "/subscriptions/{souscription}/end"),
}
# Cegid's words for the directory's levels; its page writes « Siret + Suffix » where the directory has SIREN_SUFFIXE.
OD_NIVEAUX = {
    "SIREN": reglages.texte("OD_NIVEAU_SIREN", "Siren"),
    "SIREN_SIRET": reglages.texte("OD_NIVEAU_SIRET", "Siret"),
    "SIREN_SIRET_CODEROUTAGE": reglages.texte("OD_NIVEAU_CODE_ROUTAGE", "RoutingCode"),
    "SIREN_SUFFIXE": reglages.texte("OD_NIVEAU_SUFFIXE", "Suffix"),
}

# --- operations (seconds) ----------------------------------------------------------------------------------------

OPERATIONS = {
    "delai_appel": reglages.entier("OPERATION_DELAI_APPEL", 30, minimum=1),
    "bail": reglages.entier("OPERATION_BAIL", 90, minimum=2),
    "quarantaine": reglages.entier("OPERATION_QUARANTAINE", 120, minimum=1),
    "balayage": reglages.entier("OPERATION_BALAYAGE", 2, minimum=1),
    "tentatives": reglages.entier("OPERATION_TENTATIVES", 8, minimum=1),
    "disjoncteur_seuil": reglages.entier("DISJONCTEUR_SEUIL", 5, minimum=1),
    "disjoncteur_pause": reglages.entier("DISJONCTEUR_PAUSE", 30, minimum=1),
}
# SIRETs of the Chorus Pro qualification platform's sample structures: their key is wrong on purpose, warn only.
STRUCTURES_TEST = reglages.liste("STRUCTURES_TEST", ("00000000000149", "18008832420387"))
# An operation makes up to two calls under one lease; a lease that ended during a call would let another worker in.
if OPERATIONS["bail"] <= 2 * OPERATIONS["delai_appel"]:
    raise ImproperlyConfigured(
        "Réglage OPERATION_BAIL invalide : il doit dépasser le double de OPERATION_DELAI_APPEL, "
        "sinon un appel encore en cours serait repris par un autre processus. Augmentez OPERATION_BAIL."
    )
if OPERATIONS["delai_appel"] > LOOP_DEPOT_DELAI:
    raise ImproperlyConfigured(
        "Réglage LOOP_DEPOT_DELAI invalide : l’envoi d’un fichier dure plus qu’un appel, il ne peut pas être plus "
        "court que OPERATION_DELAI_APPEL. Augmentez LOOP_DEPOT_DELAI."
    )
PLAN_MAXIMUM = reglages.entier("PLAN_MAXIMUM", 20_000, minimum=1)
REPONSE_TAILLE_MAX = reglages.entier("REPONSE_TAILLE_MAX", 64 * 1024 * 1024, minimum=1024)

CELERY_BEAT_SCHEDULER = "dossiers.supervision.horloge:Horloge"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "balayer": {
        "task": "dossiers.balayer",
        "schedule": float(OPERATIONS["balayage"]),
        "options": {"expires": OPERATIONS["balayage"]},
    },
    "reprendre_imports": {"task": "interlocuteurs.reprendre_imports", "schedule": 30.0, "options": {"expires": 30}},
    "reprendre_ecritures": {"task": "dossiers.reprendre_ecritures", "schedule": 30.0, "options": {"expires": 30}},
    "prevenir": {"task": "dossiers.prevenir", "schedule": 60.0, "options": {"expires": 60}},
    "purger": {"task": "dossiers.purger", "schedule": 86_400.0, "options": {"expires": 3600}},
    "suivre_fiches": {"task": "raccordements.suivre_fiches", "schedule": 900.0, "options": {"expires": 900}},
    "dire_les_fins": {"task": "raccordements.dire_les_fins", "schedule": 900.0, "options": {"expires": 900}},
}

# --- supervision -------------------------------------------------------------------------------------------------

# Seconds: between two signs of life, before a process is said silent, while the banner of the pages is kept, while
# what a probe found is.
_battement = reglages.entier("BATTEMENT_INTERVALLE", 5, minimum=1)
_silence = reglages.entier("BATTEMENT_SILENCE", 30, minimum=2 * max(_battement, OPERATIONS["balayage"]) + 1)
SUPERVISION = {
    "battement": _battement,
    "silence": _silence,
    "bandeau": 0 if _TESTS else 5,
    "sondes": 0 if _TESTS else 2,
}
METRIQUES_JETON = reglages.texte("METRIQUES_JETON", "")

# Whom to write to when a page cannot be used; on the public statement.
ACCESSIBILITE_CONTACT = reglages.texte("ACCESSIBILITE_CONTACT", "")

# --- mail of the notices -----------------------------------------------------------------------------------------

_courriel = reglages.courriel("EMAIL_URL")
EMAIL_BACKEND = _courriel["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _courriel.get("EMAIL_HOST", ""), _courriel.get("EMAIL_PORT", 0)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _courriel.get("EMAIL_HOST_USER", ""), _courriel.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _courriel.get("EMAIL_USE_TLS", False), _courriel.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = reglages.entier("EMAIL_DELAI", 10, minimum=1)
# In production the console is no mail server: without one, no digest is made.
COURRIEL_ACTIF = reglages.est_donne("EMAIL_URL") or not PRODUCTION
DEFAULT_FROM_EMAIL = reglages.texte("EMAIL_EXPEDITEUR", "passerelle@localhost")
# Where the links of mails and calendars lead.
ADRESSE_PUBLIQUE = reglages.adresse(
    "ADRESSE_PUBLIQUE", f"https://{ALLOWED_HOSTS[0].lstrip('.*')}" if PRODUCTION else f"http://localhost:{DEMO_PORT}"
)

# --- retention ---------------------------------------------------------------------------------------------------

# Days after which each kind of row is erased, 0 for never: technical traces go, records of the practice stay.
RETENTION = {
    "appels": reglages.entier("RETENTION_APPELS_JOURS", 365, minimum=0, maximum=36_500),
    "sessions": reglages.entier("RETENTION_SESSIONS_JOURS", 1, minimum=0, maximum=36_500),
    "connexions": reglages.entier("RETENTION_CONNEXIONS_JOURS", 365, minimum=0, maximum=36_500),
    "essais": reglages.entier("RETENTION_ESSAIS_JOURS", 30, minimum=0, maximum=36_500),
    "echecs_connexion": reglages.entier("RETENTION_ECHECS_CONNEXION_JOURS", 90, minimum=0, maximum=36_500),
    "avis": reglages.entier("RETENTION_AVIS_JOURS", 180, minimum=0, maximum=36_500),
    "courriels": reglages.entier("RETENTION_COURRIELS_JOURS", 180, minimum=0, maximum=36_500),
    "ecarts": reglages.entier("RETENTION_ECARTS_JOURS", 0, minimum=0, maximum=36_500),
}
# A deadline is told again at each threshold, 60 days before it at the soonest; the notice says that it was.
for _nom in ("avis", "courriels"):
    if 0 < RETENTION[_nom] < 61:
        raise ImproperlyConfigured(
            f"Réglage RETENTION_{_nom.upper()}_JOURS invalide\u00a0: avant 61\u00a0jours, un rappel serait envoyé "
            "une seconde fois. Mettez 61 ou plus, ou 0 pour ne jamais effacer."
        )

# --- imports of interlocuteurs -----------------------------------------------------------------------------------

# Data lines and columns of a file; bytes of memory and seconds of computing of the process that reads it.
IMPORT = {
    "lignes": reglages.entier("IMPORT_LIGNES_MAX", 20_000, minimum=1),
    "colonnes": reglages.entier("IMPORT_COLONNES_MAX", 100, minimum=5),
    "memoire": reglages.entier("IMPORT_MEMOIRE_MAX", 512 * 1024 * 1024, minimum=128 * 1024 * 1024, maximum=2**40),
    "secondes": reglages.entier("IMPORT_LECTURE_SECONDES", 15, minimum=1),
}

# --- imports of accounting entries -------------------------------------------------------------------------------

ECRITURES = {
    # Bytes of one file; bytes of memory and seconds of the process that checks it; checks at once on all the workers.
    "taille": reglages.entier("ECRITURES_TAILLE_MAX", 512 * 1024 * 1024, minimum=1024),
    "memoire": reglages.entier("ECRITURES_MEMOIRE_MAX", 512 * 1024 * 1024, minimum=128 * 1024 * 1024, maximum=2**40),
    "secondes": reglages.entier("ECRITURES_CONTROLE_SECONDES", 600, minimum=1),
    "controles": reglages.entier("ECRITURES_CONTROLES", 2, minimum=1),
    # Seconds between two readings of a status, the first and the longest; days after which following stops.
    "suivi_premier": reglages.entier("ECRITURES_SUIVI_PREMIER", 5, minimum=1),
    "suivi_max": reglages.entier("ECRITURES_SUIVI_MAX", 300, minimum=1),
    "suivi_jours": reglages.entier("ECRITURES_SUIVI_JOURS", 7, minimum=1),
    # Days a file is kept after the end of its import.
    "conservation": reglages.entier("ECRITURES_CONSERVATION_JOURS", 30, minimum=0),
}
# Bytes of one file sent to these pages, instead of TELEVERSEMENT_TAILLE_MAX.
TELEVERSEMENTS = {"admin:dossiers_importecritures_add": ECRITURES["taille"]}

# --- certificates of the connection sheets -----------------------------------------------------------------------

_seuils = set(reglages.liste("CERTIFICATS_SEUILS", ("60", "30", "15", "7")))
if not all(re.fullmatch("[0-9]{1,4}", jours) for jours in _seuils):
    raise ImproperlyConfigured(
        "Réglage CERTIFICATS_SEUILS invalide : il est attendu des nombres de jours séparés par des virgules, comme "
        "60,30,15,7. Corrigez-le dans l’environnement ou dans .env."
    )
CERTIFICATS: dict[str, Any] = {
    # Bytes of one file, certificates in it; bytes of memory and seconds of computing of the process that reads it;
    # files given to one process.
    "taille": reglages.entier("CERTIFICATS_TAILLE_MAX", 64 * 1024, minimum=1024, maximum=2**20),
    "nombre": reglages.entier("CERTIFICATS_NOMBRE_MAX", 10, minimum=1, maximum=100),
    "memoire": reglages.entier("CERTIFICATS_MEMOIRE_MAX", 256 * 1024 * 1024, minimum=128 * 1024 * 1024, maximum=2**40),
    "secondes": reglages.entier("CERTIFICATS_LECTURE_SECONDES", 5, minimum=1),
    "fichiers": reglages.entier("CERTIFICATS_LOT", 100, minimum=1),
    # Days left at which a remark is made, and the longest life that is not remarked.
    "seuils": tuple(sorted(map(int, _seuils), reverse=True)),
    "duree_max_jours": reglages.entier("CERTIFICATS_DUREE_MAX_JOURS", 1827, minimum=1),
}

# --- security ----------------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = reglages.entier("SESSION_DUREE", 8 * 3600, minimum=60)
SESSION_COOKIE_HTTPONLY = True
if PRODUCTION:
    SECURE_SSL_REDIRECT = reglages.booleen("HTTPS_REDIRECTION", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = reglages.entier("HTTPS_HSTS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# Alpine (inside the admin theme) evaluates expressions: 'unsafe-eval' is needed, inline scripts are not.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "object-src": ["'none'"],
    }
}

# --- logs --------------------------------------------------------------------------------------------------------

LOGGING = journaux.configuration(
    niveau=reglages.choix("JOURNAL_NIVEAU", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    forme=reglages.choix("JOURNAL_FORMAT", "texte", ("texte", "json")),
)

UNFOLD = {
    "SITE_TITLE": "Passerelle",
    "SITE_HEADER": "Passerelle",
    "SITE_SUBHEADER": "Back-office du cabinet",
    # The admin is the whole site: no link out of it.
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("config/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("config/favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: static("config/cabinet.css"), lambda request: static("config/pages.css")],
    "SCRIPTS": [lambda request: static("config/francais.js")],
    "ENVIRONMENT": "dossiers.admin.navigation.environnement",
    "DASHBOARD_CALLBACK": "dossiers.accueil.page.contexte",
    "SIDEBAR": {"show_search": True, "navigation": "dossiers.admin.navigation.menu"},
    "LOGIN": {"form": "config.connexion.FormulaireConnexion"},
    "ACCOUNT": {
        "navigation": [
            {"title": "Avis, rappels et agenda", "link": reverse_lazy("preferences_avis")},
            {"title": "Double authentification", "link": reverse_lazy("admin:double_authentification")},
            {"title": "Changer mon mot de passe", "link": reverse_lazy("admin:password_change")},
        ]
    },
}
