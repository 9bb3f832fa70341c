# `make aide` lists the targets. Everything happens in .venv and var/; nothing else on the machine is touched.

VENV := .venv
PY := $(VENV)/bin/python
INSTALLE := $(VENV)/.installe
CANDIDATS := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3)
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := aide
.PHONY: aide demo test qualite fautes bench accessibilite captures verrou

aide: ## cette liste
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLE) ## tout démarrer avec des données de démonstration (PREUVE=1 : faire le travail sans écran et vérifier)
	@exec $(PY) manage.py demo $(if $(PREUVE),--preuve)

test: $(INSTALLE) ## les tests (EPREUVES=1 : les longs aussi ; TESTS=chemin : une partie)
	@$(PY) -m pytest -n 2 $(TESTS)

qualite: $(INSTALLE) ## style, types, sens des imports, migrations, réglages de production, gabarits
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy (réglages de production)"
	@PASSERELLE_ENV= PASSERELLE_PRODUCTION=oui DEBUG=non ALLOWED_HOSTS=passerelle.exemple.test \
		SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')" \
		FERNET_KEYS="$$($(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
		DATABASE_URL=postgres://base.exemple.test/passerelle REDIS_URL=redis://courtier.exemple.test \
		$(PY) manage.py check --deploy --fail-level WARNING
	$(VENV)/bin/djlint --quiet --lint templates

fautes: $(INSTALLE) ## injection de pannes : rien de perdu, rien en double (SANS=garde pour montrer ce qu’elle protège, QUOI=restauration : une partie)
	@exec $(PY) -m tests.fautes $(if $(SANS),--sans $(SANS)) $(if $(QUOI),--seulement $(QUOI))

bench: $(INSTALLE) ## mesures de vitesse et de mémoire (QUOI="operations listes" : une partie)
	@exec $(PY) -m tests.perf $(QUOI)

accessibilite: $(INSTALLE) ## axe-core sur chaque page, dans un navigateur (PUBLIER=1 : écrire la mesure que montre la déclaration publique)
	@exec $(PY) -m tests.accessibilite $(if $(PUBLIER),--publier) $(if $(QUOI),--seulement $(QUOI))

captures: $(INSTALLE) ## refaire les captures d’écran de docs/images
	@NAVIGATEUR_REQUIS=1 EPREUVES=1 CAPTURES=docs/images $(PY) -m pytest -q tests/navigateur -k "captures or accueil or interlocuteur or ecritures or fiche or souscri"

verrou: $(INSTALLE) ## refaire requirements.txt (tout) et requirements-serveur.txt (production) depuis pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --all-extras --python-version 3.11 \
		pyproject.toml -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--constraints requirements.txt pyproject.toml -o requirements-serveur.txt

# The stamp is written last: an interrupted installation starts again.
$(INSTALLE): requirements.txt
	@if ! $(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		sans_venv=; choisi=; \
		for p in $(CANDIDATS); do \
			"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			if "$$p" -c 'import ensurepip, venv' 2>/dev/null; then choisi=$$p; break; fi; \
			sans_venv=$$p; \
		done; \
		if [ -z "$$choisi" ] && [ -n "$$sans_venv" ]; then \
			echo "Environnement Python impossible : $$sans_venv est installé sans son module venv. Installez-le (Debian, Ubuntu : apt install python3-venv), puis relancez." >&2; exit 1; \
		elif [ -z "$$choisi" ]; then \
			echo "Python introuvable : il faut Python 3.11 ou plus récent, cherché sous les noms : $(CANDIDATS). Installez-le, ou donnez son chemin : make demo PYTHON=/chemin/python3" >&2; exit 1; \
		fi; \
		echo "Environnement Python dans $(VENV)… ($$("$$choisi" --version))"; \
		rm -rf $(VENV); "$$choisi" -m venv $(VENV); \
	fi
	@echo "Installation des paquets… (une à deux minutes la première fois)"
	@$(PY) -m pip install -qq --no-input --require-hashes -r requirements.txt || { \
		echo "Installation des paquets impossible : voir la cause ci-dessus. Vérifiez l’accès au réseau et la version de Python, puis relancez ; là où les serveurs privés ne sont pas fournis (musl, Windows), utilisez « docker compose up »." >&2; exit 1; }
	@touch $@
