# tlsvane: make, make run, make test, make install. `make help` lists the rest.
#
# BUILD    where everything is built (default build; the sanitized variant goes to build/sanitized)
# SANITIZE 1: AddressSanitizer and UndefinedBehaviorSanitizer

VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= cc
PKG_CONFIG ?= pkg-config
SANITIZE ?= 0
ifeq ($(SANITIZE),1)
BUILD ?= build/sanitized
else
BUILD ?= build
endif

PACKAGES := libpcap hiredis libndpi libxxhash
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2
ifeq ($(SANITIZE),1)
HARDENING := -fPIE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_HARDENING := -pie -fsanitize=address,undefined
else
LINK_HARDENING := -pie -Wl,-z,relro,-z,now
endif

CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DTLSVANE_VERSION='"$(VERSION)"' $(WARNINGS) $(HARDENING) $(CFLAGS)
# Other people's headers are not ours to warn about.
PACKAGE_CFLAGS = $(subst -I/,-isystem /,$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))
PACKAGE_LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES))

PROGRAMS := tlsvane tlsvane-sensor
LIBRARY := $(BUILD)/libtlsvane.a
LIBRARY_SOURCES := $(wildcard parsers/*.c) $(filter-out sensor/main.c,$(wildcard sensor/*.c)) $(wildcard rules/*.c)
TOOL_SOURCES := $(wildcard tools/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_HELPERS := $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c))
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/unit/%)
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all run test unit replay-corpus fuzz bench lint format install clean bootstrap help FORCE
all: $(PROGRAMS:%=$(BUILD)/%)

help:
	@echo 'make            build the two programs in $(BUILD)/'
	@echo 'make run        set up, build, replay real mail sessions into a private Redis, show the answer'
	@echo '                PCAP=file or IFACE=eth1: the same on your own traffic'
	@echo 'make test       set up, build, all tests, also under sanitizers'
	@echo 'make fuzz       every fuzz target for SECONDS=60 each (TARGET=fuzz_frame: that one)'
	@echo 'make bench      speed and memory as ratios against an empty libpcap loop and tshark'
	@echo 'make lint       format, static analysis, longest functions'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR='

bootstrap:
	@tools/bootstrap build test

run:
	@tools/bootstrap build run
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tools/run

test:
	@tools/bootstrap build test
	@BUILD=$(BUILD) tests/run

$(BUILD)/tlsvane-sensor: $(BUILD)/sensor/main.o $(LIBRARY)
$(BUILD)/tlsvane: $(TOOL_SOURCES:%.c=$(BUILD)/%.o) $(LIBRARY)
$(PROGRAMS:%=$(BUILD)/%):
	$(CC) $(LINK_HARDENING) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

$(LIBRARY): $(LIBRARY_SOURCES:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

# The compiler's flags are a dependency of what they built.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PACKAGE_CFLAGS) -MMD -MP -c -o $@ $<

unit: $(UNIT_TESTS)
$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_HELPERS:%.c=$(BUILD)/%.o) $(LIBRARY)
	$(CC) $(LINK_HARDENING) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS) -lcmocka

# Fuzz targets: with clang's libFuzzer under build/fuzz, and as plain programs that replay their corpus.
replay-corpus: $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/%)
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(CC) $(LINK_HARDENING) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

SECONDS ?= 60
TARGET ?= $(FUZZ_TARGETS)
fuzz:
	@tools/bootstrap build fuzz
	@SECONDS_EACH=$(SECONDS) tests/fuzz/run $(TARGET)

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(LIBRARY_SOURCES) FORCE
	@mkdir -p $(@D)
	clang -std=c17 -D_GNU_SOURCE -DTLSVANE_VERSION='"$(VERSION)"' -O1 -g -fno-omit-frame-pointer \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(PACKAGE_CFLAGS) -o $@ \
	    $< $(LIBRARY_SOURCES) $(PACKAGE_LIBS)

bench:
	@tools/bootstrap build bench
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/bench/run

lint:
	@tools/bootstrap build lint
	@tests/lint

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(BUILD)/tlsvane $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/tlsvane-sensor $(DESTDIR)$(PREFIX)/sbin/

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
