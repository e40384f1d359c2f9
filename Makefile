# make run and make test each do all their own set-up and can be run again at any time. make help lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=
STRIP ?= strip
# Such as "-j 2" where the machine is shared.
SWIFT_FLAGS ?=

release := .build/release
# A command's start is mostly the loading of the program. Relative relocations packed (2 MiB less to read; lld writes them, and the
# C library reads them from 2.36 on), and no symbols for others, which Swift's static library asks for and nothing here uses.
packs := $(shell getconf GNU_LIBC_VERSION | awk '{ split($$2, v, "."); print (v[1] > 2 || v[2] >= 36) }')
release_flags := -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic \
    $(if $(filter 1,$(packs)),-Xlinker -z -Xlinker pack-relative-relocs)
# Tests of many processes, which want the machine to themselves.
proofs := RefreshProofTests|KilledRefreshTests
# One path through each authorization server is among the tests; every kind of client at each of them is test-providers.
matrix := ProviderMatrixTests
# Runs the tests that were built: $(1) are flags. So many run at once, for each has its limits of time and the machine may
# be small; slower under a sanitizer.
tests_at_once := 8
sanitized_tests_at_once := 6
run_tests = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(2) \
    scripts/run-tests.sh $(1) --parallel --skip '$(proofs)|$(matrix)' && \
    scripts/run-tests.sh $(1) --filter '$(proofs)'
install_root := $(DESTDIR)$(PREFIX)

.PHONY: help run serve test test-providers test-peers test-systemd soak crowd test-browser test-desktop build install uninstall sanitize \
    sanitize-thread sanitize-address bench lint clean

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$'\t' read -r target text; do \
	    printf '  make %-18s %s\n' "$$target" "$$text"; done

run: build ## build, then show omlx at work against a demo server on this machine
	swift build --product omlx-demo-server $(SWIFT_FLAGS)
	@scripts/demo.sh $(release) .build/debug

serve: build ## build, then keep your own servers connected until Ctrl-C; ARGS="--port 7000" are its options
	@$(release)/omlx serve $(ARGS)

test: ## check style and warnings, build everything, run all tests
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint
	@scripts/build-tests.sh $(SWIFT_FLAGS)
	@scripts/venvs.sh
	@scripts/consumer.sh
	$(call run_tests,$(SWIFT_FLAGS),$(tests_at_once))
	@if scripts/setup.sh browser && scripts/venvs.sh browser; then \
	    .venvs/browser/bin/python -B Tests/Browser/page_test.py --short .build/debug && \
	    .venvs/browser/bin/python -B Tests/Browser/scenes_test.py --short .build/debug && \
	    .venvs/browser/bin/python -B Tests/Browser/sign_in_test.py --short .build/debug; \
	else echo "Chromium cannot be installed here: the page was tested over HTTP alone"; fi

test-providers: ## sign in as every kind of client at every authorization server of other hands
	@scripts/setup.sh test
	@scripts/build-tests.sh $(SWIFT_FLAGS)
	@scripts/venvs.sh
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(tests_at_once) \
	    scripts/run-tests.sh $(SWIFT_FLAGS) --parallel --filter '$(matrix)'

test-peers: ## ask the HTTP interface everything its descriptions allow, and more (OMLX_FUZZ_EXAMPLES=N per question, 200)
	@scripts/setup.sh test
	@scripts/build-tests.sh $(SWIFT_FLAGS)
	@scripts/venvs.sh
	OMLX_FUZZ_EXAMPLES=$${OMLX_FUZZ_EXAMPLES:-200} scripts/run-tests.sh $(SWIFT_FLAGS) --filter 'DescriptionTests|MCPOTests'

crowd: build ## 1,000 slow clients and 200 open event streams in front of omlx serve, with calls of others meanwhile
	@python3 -B Tests/Load/run_crowd.py $(release)/omlx

test-browser: ## sign in and use the page with a real browser, Chromium, with scripts and without; pictures in .build/pictures
	@scripts/setup.sh browser
	@scripts/venvs.sh browser
	swift build --product omlx $(SWIFT_FLAGS)
	swift build --product omlx-demo-server $(SWIFT_FLAGS)
	python3 -B Tests/Browser/browser_test.py .build/debug
	.venvs/browser/bin/python -B Tests/Browser/page_test.py .build/debug .build/pictures
	.venvs/browser/bin/python -B Tests/Browser/scenes_test.py .build/debug .build/pictures/scenes
	.venvs/browser/bin/python -B Tests/Browser/sign_in_test.py .build/debug .build/pictures/sign-in

test-desktop: ## show notice and tray in a real panel, on a display of its own; pictures in .build/desktop
	@scripts/setup.sh desktop
	swift build --product omlx $(SWIFT_FLAGS)
	swift build --product omlx-demo-server $(SWIFT_FLAGS)
	@mkdir -p .build/desktop
	Tests/Desktop/panel.sh .build/desktop Tests/Desktop/show.sh .build/debug

test-systemd: ## run omlx under a real systemd of a user, as root: started, told of, reloaded, watched, killed, stopped, by its sockets
	@scripts/setup.sh test
	swift build --product omlx $(SWIFT_FLAGS)
	Tests/Systemd/user_instance.sh .build/debug

soak: ## the proofs in full: 1,000 expiries and 10,000 generations, most of an hour (OMLX_SOAK_EXPIRIES=N, OMLX_SOAK_GENERATIONS=N)
	@scripts/setup.sh test
	@scripts/build-tests.sh $(SWIFT_FLAGS)
	@scripts/venvs.sh
	OMLX_SOAK_EXPIRIES=$${OMLX_SOAK_EXPIRIES:-1000} OMLX_SOAK_GENERATIONS=$${OMLX_SOAK_GENERATIONS:-10000} \
	    scripts/run-tests.sh --filter '$(proofs)|GenerationTests' $(SWIFT_FLAGS)

build: ## the release of omlx, in .build/release
	@scripts/setup.sh build
	swift build $(release_flags) --product omlx $(SWIFT_FLAGS)

install: ## put omlx, its completions and its manual under PREFIX (/usr/local); DESTDIR is honoured
	@[ -x $(release)/omlx ] || $(MAKE) --no-print-directory build
	install -d $(install_root)/bin
	install -m 755 $(release)/omlx $(install_root)/bin/omlx
	$(STRIP) $(install_root)/bin/omlx
	install -d $(install_root)/share/bash-completion/completions $(install_root)/share/zsh/site-functions \
	    $(install_root)/share/fish/vendor_completions.d $(install_root)/share/man/man1
	$(release)/omlx completions bash > $(install_root)/share/bash-completion/completions/omlx
	$(release)/omlx completions zsh > $(install_root)/share/zsh/site-functions/_omlx
	$(release)/omlx completions fish > $(install_root)/share/fish/vendor_completions.d/omlx.fish
	install -m 644 docs/man/omlx.1 $(install_root)/share/man/man1/omlx.1

uninstall: ## take away what install put there
	rm -f $(install_root)/bin/omlx $(install_root)/share/bash-completion/completions/omlx \
	    $(install_root)/share/zsh/site-functions/_omlx $(install_root)/share/fish/vendor_completions.d/omlx.fish \
	    $(install_root)/share/man/man1/omlx.1

sanitize: ## run the tests under the thread and the address sanitizer
	@$(MAKE) --no-print-directory sanitize-thread
	@$(MAKE) --no-print-directory sanitize-address

sanitize-thread:
	@scripts/setup.sh test
	@scripts/venvs.sh
	swift build --build-tests --sanitize=thread --scratch-path .build-tsan $(SWIFT_FLAGS)
	export TSAN_OPTIONS="$${TSAN_OPTIONS:-halt_on_error=1 suppressions=$(CURDIR)/scripts/tsan.supp}"; \
	    $(call run_tests,--sanitize=thread --scratch-path .build-tsan $(SWIFT_FLAGS),$(sanitized_tests_at_once))

sanitize-address:
	@scripts/setup.sh test
	@scripts/venvs.sh
	swift build --build-tests --sanitize=address --scratch-path .build-asan $(SWIFT_FLAGS)
	export LSAN_OPTIONS="$${LSAN_OPTIONS:-suppressions=$(CURDIR)/scripts/lsan.supp:print_suppressions=0}"; \
	    $(call run_tests,--sanitize=address --scratch-path .build-asan $(SWIFT_FLAGS),$(sanitized_tests_at_once))

bench: build ## measure omlx beside its peers, a sign-in too; BEFORE=PATH adds another release binary, to compare
	@scripts/setup.sh test
	@python3 Benchmarks/run.py --omlx $(release)/omlx $(if $(BEFORE),--before $(BEFORE)) --oauth
	swift build $(release_flags) --product CredentialStoreProbe $(SWIFT_FLAGS)
	@python3 Benchmarks/stores.py $(release)/CredentialStoreProbe
	@scripts/setup.sh bench
	@python3 Benchmarks/gateway.py --omlx $(release)/omlx
	@python3 Benchmarks/daemon.py --omlx $(release)/omlx

lint: ## check the style of the Swift sources and the order of their folders
	@find Package.swift Sources Tests Examples -name .build -prune -o -name '*.swift' -print0 | \
	    xargs -0 swift format lint --strict --parallel --configuration .swift-format
	@scripts/folder-order.py

clean: ## take away everything that was built, the test servers' Python too
	rm -rf .build .build-tsan .build-asan .venvs
