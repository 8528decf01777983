# The interface of the build. CMake does the work underneath; every target below is one or two lines
# of it, in a build directory of its own.
#
#   make                 library, tests, examples and benchmarks, in build/
#   make demo            the article's echo server with every client the machine allows
#   make test            everything that must hold before a change goes in
#   make test-quick      the tests of build/ only; K=name picks some, BACKEND=epoll one backend
#   make check           what needs no run: include order, the naming rule, the checklist
#   make bench           the comparison with hand-written loops; PEERS=1 adds other libraries
#   make sim SEED=n      every test that can run in simulation, with that seed
#   make fuzz            the fuzz targets, FUZZ_SECONDS each
#   make install         PREFIX=/usr/local DESTDIR=
#   make clean           removes the build directories

.NOTPARALLEL:
.PHONY: all demo test bench sim install fuzz clean check test-quick test-scripts test-asan \
	test-tsan test-clang test-valgrind test-aarch64 test-fuzz

PREFIX ?= /usr/local
SEED ?= 1
FUZZ_SECONDS ?= 20
JOBS ?= $(shell nproc)
export RESULTS ?= build/results

# $(1): build directory, $(2): options of its first configuration. cmake --build gets a clean
# MAKEFLAGS: it starts JOBS compilers whatever -j this make was called with.
configure = test -f $(1)/Makefile -o -f $(1)/build.ninja || \
	cmake -S . -B $(1) $(2)
compile = env -u MAKEFLAGS -u MFLAGS cmake --build $(1) -j $(JOBS) $(2)
build = sh -c '{ $(call configure,$(1),$(2)); } && $(call compile,$(1))'
step = tools/tally step $(RESULTS)
run_tests = tools/run-tests --results $(RESULTS)

all:
	@$(call configure,build) > /dev/null
	@$(call compile,build)

demo:
	@$(call configure,build) > /dev/null
	@$(call compile,build,--target demo_programs)
	@sh examples/demo/run.sh build

bench: all
	@PEERS=$(PEERS) bench/run build

sim: all
	@LIBAWAIT_SEED=$(SEED) tools/run-tests build --backend sim $(if $(K),-k $(K))

install: all
	DESTDIR=$(DESTDIR) cmake --install build --prefix $(PREFIX)

clean:
	rm -rf build build-asan build-tsan build-clang build-aarch64 build-fuzz

# One failure does not hide the next: -k goes on, and the tally at the end decides.
test:
	@mkdir -p build && rm -f $(RESULTS)
	@-$(MAKE) --no-print-directory -k check test-quick test-scripts test-asan test-tsan \
		test-clang test-valgrind test-aarch64 test-fuzz RESULTS=$(RESULTS)
	@tools/tally total $(RESULTS)

check:
	@$(step) 'include order and sizes' tools/check-layers
	@$(step) 'check-await finds a planted violation' tools/check-await --self-test
	@$(step) 'configure' sh -c '$(call configure,build)'
	@$(step) 'async_ never suspends, await_ can' tools/check-await build
	@$(step) 'tests name rows of the checklist' tools/parity --check

test-quick:
	@$(step) 'build with gcc' $(call build,build)
	@$(run_tests) build $(if $(K),-k $(K)) $(if $(BACKEND),--backend $(BACKEND))

# Whole programs under test: installation, examples, debugger and the like.
test-scripts:
	@status=0; for script in tests/*/*.sh; do \
		[ -e "$$script" ] || continue; \
		tools/tally script $(RESULTS) "$$script" sh "$$script" build || status=1; \
	done; exit $$status

test-asan:
	@$(step) 'build with ASan and UBSan' $(call build,build-asan,-DLIBAWAIT_SANITIZE=address -DLIBAWAIT_BENCH=OFF)
	@$(run_tests) build-asan --patience 4

# ThreadSanitizer has something to say only where there is more than one thread.
test-tsan:
	@$(step) 'build with TSan' $(call build,build-tsan,-DLIBAWAIT_SANITIZE=thread -DLIBAWAIT_BENCH=OFF)
	@$(run_tests) build-tsan --patience 8 --source-has 'pthread_create|thread\.h|await_thread|\.loops = '

test-clang:
	@$(step) 'build with clang' $(call build,build-clang,-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++)
	@$(run_tests) build-clang

# Valgrind runs one thread at a time, slowly: the layers that handle memory, without io_uring,
# whose kernel side it cannot see.
test-valgrind:
	@$(step) 'build for Valgrind' $(call build,build)
	@LIBAWAIT_WITHOUT=no-pwait2 $(run_tests) build --label valgrind --dirs base,core,sync --backend epoll,sim --patience 20 \
		--prefix 'valgrind -q --error-exitcode=9 --show-leak-kinds=definite --errors-for-leak-kinds=definite'

test-aarch64:
	@$(step) 'build for aarch64' $(call build,build-aarch64,-DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake -DLIBAWAIT_BENCH=OFF)
	@$(run_tests) build-aarch64 --backend epoll,sim --patience 8 --prefix qemu-aarch64

# Every parser, briefly; make fuzz is the long form.
test-fuzz:
	@$(step) 'fuzz targets, 5 s each' $(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5

fuzz:
	@if ls tests/fuzz/*.c > /dev/null 2>&1; then \
		$(call configure,build-fuzz,-DLIBAWAIT_FUZZ=ON -DCMAKE_C_COMPILER=clang) && \
		$(call compile,build-fuzz) && \
		for target in build-fuzz/fuzz/*; do \
			name=$$(basename $$target); \
			mkdir -p build-fuzz/corpus/$$name; \
			echo "fuzz $$name for $(FUZZ_SECONDS) s"; \
			$$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
				build-fuzz/corpus/$$name $$(ls -d tests/fuzz/corpus/$$name 2> /dev/null) || \
				exit 1; \
		done; \
	else \
		echo 'Nothing to fuzz yet: tests/fuzz/ holds no targets.'; \
	fi
