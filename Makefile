# tlsvane: make, make run, make test, make install. `make help` lists the rest.
#
# A bare Debian 12 needs: apt-get install make git. make run, make test and so on install the rest (tools/bootstrap).
#
# BUILD    where everything is built (default build; the sanitized variant goes to build/sanitized)
# SANITIZE 1: AddressSanitizer and UndefinedBehaviorSanitizer; fuzz: the same under clang's libFuzzer
# WHOLE    0: the programs are not optimised as a whole: quicker to build, a twentieth slower
# SHUNT    0: without shunting in the kernel, which needs clang and libbpf (default: where they are there)
# V        1: show whole commands

VERSION := 0.1.0
PREFIX ?= /usr/local
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
CC ?= cc
PKG_CONFIG ?= pkg-config
SANITIZE ?= 0
V ?= 0
ifeq ($(SANITIZE),1)
BUILD ?= build/sanitized
else ifeq ($(SANITIZE),fuzz)
BUILD ?= build/fuzz
CC := clang
else
BUILD ?= build
endif
QUIET := $(if $(filter 1,$(V)),,@)
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

PACKAGES := libpcap hiredis libndpi libxxhash yaml-0.1 libpcre2-8 libpsl libcrypto libseccomp libcap-ng
# Only their headers: loaded at run time, by the process that needs them.
LOADED := libcurl libmicrohttpd
# Shunting (sensor/shunt.h), where clang and libbpf are there. SHUNT=0: without it.
SHUNT ?= $(if $(and $(shell command -v clang),$(shell $(PKG_CONFIG) --exists libbpf && echo yes)),1,0)
ifeq ($(SHUNT),1)
PACKAGES += libbpf
SHUNT_FILTER = $(BUILD)/sensor/shunt.bpf.o
SHUNT_FLAGS = -DTLSVANE_SHUNT='"$(SHUNT_FILTER)"'
endif
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2
ifeq ($(SANITIZE),1)
HARDENING := -fPIE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_HARDENING := -pie -fsanitize=address,undefined
else ifeq ($(SANITIZE),fuzz)
HARDENING := -fPIE -DTLSVANE_FUZZING -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_HARDENING := -pie -fsanitize=fuzzer,address,undefined
else
LINK_HARDENING := -pie -Wl,-z,relro,-z,now
# The way of a packet leads through many files: gcc optimises the programs as a whole, at their link (clang would need
# a linker of its own). Tests are linked file by file.
WHOLE ?= $(if $(findstring Free Software Foundation,$(shell $(CC) --version)),1,0)
ifeq ($(WHOLE),1)
OPTIMISATION := -flto=auto -ffat-lto-objects
LINK_WHOLE := -flto=auto
LINK_APART := -fno-lto
endif
endif

CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DTLSVANE_VERSION='"$(VERSION)"' $(WARNINGS) $(HARDENING) $(OPTIMISATION) $(SHUNT_FLAGS) $(CFLAGS)
# Other people's headers are not ours to warn about.
PACKAGE_CFLAGS = $(subst -I/,-isystem /,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) $(LOADED)))
PACKAGE_LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES))

PROGRAMS := tlsvane tlsvane-sensor
LIBRARY := $(BUILD)/libtlsvane.a
LIBRARY_SOURCES := $(wildcard parsers/*.c) $(filter-out sensor/main.c %.bpf.c,$(wildcard sensor/*.c)) $(wildcard rules/*.c)
TOOL_SOURCES := $(wildcard tools/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_HELPERS := $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c))
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/unit/%)
BENCH_PROGRAMS := workload empty pipeline measure minimal replayer split
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.SECONDARY:
.PHONY: all run test unit redis-tests replay-corpus fuzz coverage bench bench-live soak soak-live lint format man install deb deb-test live-test clean bootstrap help FORCE
all: $(PROGRAMS:%=$(BUILD)/%)

help:
	@echo 'make            build the two programs in $(BUILD)/'
	@echo 'make run        set up, build, replay real mail sessions into a private Redis, show the answer'
	@echo '                PCAP=file or IFACE=eth1: the same on your own traffic; PORTS=25,587,465:tls'
	@echo 'make test       set up, build, all tests, also under sanitizers'
	@echo 'make live-test  real mail servers mail each other over VLANs, tunnels and bad lines, ROUNDS=20 times'
	@echo 'make fuzz       every fuzz target for SECONDS=60 each (TARGET=fuzz_frame: that one)'
	@echo 'make coverage   how much of parsers/, sensor/ and rules/ that reaches'
	@echo 'make bench      speed and memory as ratios against an empty libpcap loop and tshark'
	@echo 'make bench-live the same live, in a network namespace (root), against a minimal libpcap loop'
	@echo 'make soak       memory over 24 hours and a million connections, compressed'
	@echo 'make soak-live  memory and losses over HOURS=1 on a veth pair (root), SESSIONS=1000000'
	@echo 'make lint       format, static analysis, longest functions'
	@echo 'make bootstrap  only install what build and tests need'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR= MANDIR= UNITDIR= SYSUSERSDIR='
	@echo 'make deb        a Debian package; make deb-test: installs, runs and purges it in a system of its own'

bootstrap:
	@tools/bootstrap build test

run:
	@tools/bootstrap build run
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@tools/run BUILD=$(BUILD) $(if $(filter command environment,$(origin SECONDS)),SECONDS=$(SECONDS))

test:
	@tools/bootstrap build test
	@BUILD=$(BUILD) tests/run

$(BUILD)/tlsvane-sensor: $(BUILD)/sensor/main.o $(LIBRARY)
$(BUILD)/tlsvane: $(TOOL_SOURCES:%.c=$(BUILD)/%.o) $(LIBRARY)
$(PROGRAMS:%=$(BUILD)/%):
	@echo '  link $@'
	$(QUIET)$(CC) $(LINK_HARDENING) $(LINK_WHOLE) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

$(LIBRARY): $(LIBRARY_SOURCES:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(QUIET)$(AR) rcs $@ $^

# The compiler's flags are a dependency of what they built.
$(BUILD)/flags: FORCE
	@$(PKG_CONFIG) --exists $(PACKAGES) $(LOADED) 2>/dev/null || { echo 'libraries are missing: tools/bootstrap build installs them' >&2; exit 1; }
	@mkdir -p $(BUILD)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(QUIET)$(CC) $(ALL_CFLAGS) $(PACKAGE_CFLAGS) -MMD -MP -c -o $@ $<

# For the kernel's virtual machine, whatever compiler builds the rest.
$(BUILD)/sensor/shunt.o: $(SHUNT_FILTER)
$(BUILD)/%.bpf.o: %.bpf.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  bpf  $<'
	$(QUIET)clang -target bpf -O2 -g -Wall -Wextra -Werror -idirafter /usr/include/$(shell uname -m)-linux-gnu -MMD -MP -c -o $@ $<

unit: $(UNIT_TESTS)
$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_HELPERS:%.c=$(BUILD)/%.o) $(LIBRARY)
	@echo '  link $@'
	$(QUIET)$(CC) $(LINK_HARDENING) $(LINK_APART) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS) -lcmocka

REDIS_TESTS := $(BUILD)/tests/redis/drive $(BUILD)/tests/redis/check
redis-tests: $(REDIS_TESTS)
# drive counts the calls that others can see, to crash between two of them.
$(BUILD)/tests/redis/drive: LDFLAGS += -Wl,--wrap=send,--wrap=fsync,--wrap=rename,--wrap=unlink
$(REDIS_TESTS): %: %.o $(BUILD)/tests/redis/synthetic.o $(LIBRARY)
	@echo '  link $@'
	$(QUIET)$(CC) $(LINK_HARDENING) $(LINK_APART) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

# Fuzz targets: programs that replay their corpus; with SANITIZE=fuzz libFuzzer's own main in place of ours.
replay-corpus: $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/%)
REPLAY := $(if $(filter fuzz,$(SANITIZE)),,$(BUILD)/tests/fuzz/replay.o)
# What they stand in for: tests/fuzz/replay_pcap.h, tests/fuzz/fuzz_redis.c.
$(BUILD)/tests/fuzz/fuzz_capture $(BUILD)/tests/fuzz/fuzz_any_port: LDFLAGS += -Wl,--wrap=discover_new,--wrap=discover_free
$(BUILD)/tests/fuzz/fuzz_redis: LDFLAGS += -Wl,--wrap=redisConnectUnixNonBlock,--wrap=recv
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(REPLAY) $(LIBRARY)
	@echo '  link $@'
	$(QUIET)$(CC) $(LINK_HARDENING) $(LINK_APART) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

SECONDS ?= 60
TARGET ?= $(FUZZ_TARGETS)
# Real mail servers over networks of their own: every scenario, long.
live-test:
	@tools/bootstrap build test
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(BUILD) ALL=1 ROUNDS=$(ROUNDS) tests/live/run
ROUNDS ?= 20

fuzz:
	@tools/bootstrap build fuzz
	@SECONDS_EACH=$(SECONDS) tests/fuzz/run $(TARGET)

# CORPORA: a folder with more inputs, one folder a target.
coverage:
	@tools/bootstrap build test fuzz
	@tests/fuzz/coverage

bench:
	@tools/bootstrap build bench
	@$(MAKE) --no-print-directory $(PARALLEL) all $(BENCH_PROGRAMS:%=$(BUILD)/tests/bench/%)
	@BUILD=$(BUILD) tests/bench/run

bench-live soak soak-live:
	@tools/bootstrap build bench
	@$(MAKE) --no-print-directory $(PARALLEL) all $(BENCH_PROGRAMS:%=$(BUILD)/tests/bench/%)
	@BUILD=$(BUILD) tests/bench/$(@:bench-%=%)

$(BUILD)/tests/bench/workload: $(BUILD)/tests/bench/script.o
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIBRARY)
	@echo '  link $@'
	$(QUIET)$(CC) $(LINK_HARDENING) $(LINK_WHOLE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(PACKAGE_LIBS)

lint:
	@tools/bootstrap build lint
	@tests/lint

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

MAN_PAGES := $(patsubst tools/man/%.in,$(BUILD)/man/%,$(wildcard tools/man/*.in))
man: $(MAN_PAGES)
$(BUILD)/man/%: tools/man/%.in tools/man/generate $(PROGRAMS:%=$(BUILD)/%)
	@mkdir -p $(@D)
	$(QUIET)tools/man/generate $(BUILD) $< >$@.new && mv $@.new $@

install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/tlsvane/rules
	install -m 755 $(BUILD)/tlsvane $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/tlsvane-sensor $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 rules/*.yaml $(DESTDIR)$(PREFIX)/share/tlsvane/rules/
	set -e; for page in $(MAN_PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	install -d $(DESTDIR)$(UNITDIR)
	set -e; for unit in tlsvane-sensor@.service tlsvane-enforce.service; do \
		sed 's:@SBINDIR@:$(PREFIX)/sbin:; s:@BINDIR@:$(PREFIX)/bin:' tools/systemd/$$unit.in >$(DESTDIR)$(UNITDIR)/$$unit; \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$unit; done
	install -m 644 tools/systemd/tlsvane-enforce.timer $(DESTDIR)$(UNITDIR)/
	install -D -m 644 tools/systemd/tlsvane.sysusers $(DESTDIR)$(SYSUSERSDIR)/tlsvane.conf
	set -e; for name in tlsvane-sensor tlsvane-enforce; do \
		test -e $(DESTDIR)/etc/default/$$name || \
			sed 's:@PREFIX@:$(PREFIX):' tools/systemd/$$name.default | install -D -m 644 /dev/stdin $(DESTDIR)/etc/default/$$name; done

# build/tlsvane_VERSION_ARCHITECTURE.deb
deb:
	@tools/bootstrap build deb
	@$(MAKE) --no-print-directory $(PARALLEL) all man
	@tools/deb/build $(BUILD) $(VERSION)

deb-test: deb
	@tools/bootstrap deb-test
	@tools/deb/test $(BUILD)

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
