# The native code, from the bottom up: the core in C and the exposition in C++ know nothing of Node and are linked into
# programs of their own with -Dpcm_development=1, where a call into Node fails at link time. Whoever installs the
# package compiles the core, the exposition and the addon.
# A new file of these three is added to the sources of its target; tests are found by their names.
{
  'variables': {
    'pcm_development%': 0,
  },
  'target_defaults': {
    'include_dirs': ['native/include'],
    # Node's own flags for perf; they cost a register in the hot path.
    'cflags!': ['-fno-omit-frame-pointer'],
    'cflags': ['-fvisibility=hidden', '-Wall', '-Wextra'],
    'cflags_c': ['-std=gnu11'],
    # The core keeps tables for debuggers and the kernel in sections that no code refers to.
    'ldflags': ['-Wl,--no-gc-sections'],
  },
  'targets': [
    {
      'target_name': 'pcm_core',
      'type': 'static_library',
      'defines': ['_GNU_SOURCE'],
      'cflags': ['-O3'],
      'sources': [
        'native/core/activity.c',
        'native/core/amounts.c',
        'native/core/carry.c',
        'native/core/catalog.c',
        'native/core/catalog_index.c',
        'native/core/cells.c',
        'native/core/chunked.c',
        'native/core/cpu.c',
        'native/core/exemplars.c',
        'native/core/exponential.c',
        'native/core/free_cells.c',
        'native/core/holder.c',
        'native/core/life.c',
        'native/core/orphans.c',
        'native/core/lock.c',
        'native/core/names.c',
        'native/core/reader.c',
        'native/core/reader_values.c',
        'native/core/reserve.c',
        'native/core/series.c',
        'native/core/sigbus.c',
        'native/core/slots.c',
        'native/core/status.c',
        'native/core/store.c',
        'native/core/store_file.c',
        'native/core/rseq/probe.c',
        'native/core/rseq/registration.c',
      ],
    },
    {
      'target_name': 'pcm_exposition',
      'type': 'static_library',
      'dependencies': ['pcm_core'],
      # Exceptions are for running out of memory; none leaves the library.
      'cflags_cc!': ['-fno-exceptions'],
      'cflags_cc': ['-O3', '-std=gnu++17', '-fvisibility-inlines-hidden'],
      'sources': [
        'native/exposition/escape.cc',
        'native/exposition/family-names.cc',
        'native/exposition/family-output.cc',
        'native/exposition/name-escaping.cc',
        'native/exposition/name-filter.cc',
        'native/exposition/number-format.cc',
        'native/exposition/protobuf-family.cc',
        'native/exposition/protobuf-numbers.cc',
        'native/exposition/protobuf-observations.cc',
        'native/exposition/renderer.cc',
        'native/exposition/rendition.cc',
        'native/exposition/text-family.cc',
        'native/exposition/text-numbers.cc',
        'native/exposition/text-observations.cc',
      ],
    },
    {
      'target_name': 'percpu_metrics',
      'dependencies': ['pcm_core', 'pcm_exposition'],
      'include_dirs': ['native/exposition', '<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': [
        'NAPI_VERSION=9',
        'NODE_ADDON_API_CPP_EXCEPTIONS_ALL',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        # An exception that cannot be thrown any more, because the Worker is being terminated, must not end the process.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags': ['-O3'],
      'cflags_cc!': ['-fno-exceptions'],
      'cflags_cc': ['-std=gnu++17', '-fvisibility-inlines-hidden'],
      'ldflags': [
        # A thread's rseq area may point to a critical section long after it: the code must stay where it is, also
        # when the Worker that loaded it has ended.
        '-Wl,-z,nodelete',
        '-Wl,-z,now',
        # From the directory of the build; the absolute path may have a space in it.
        '-Wl,--version-script=../native/addon/exports.map',
      ],
      'sources': [
        'native/addon/activity-job.cc',
        'native/addon/addon.cc',
        'native/addon/attachment.cc',
        'native/addon/default-path.cc',
        'native/addon/errors.cc',
        'native/addon/format-argument.cc',
        'native/addon/hot.c',
        'native/addon/native-store.cc',
        'native/addon/render-job.cc',
        'native/addon/shared-renderer.cc',
        'native/addon/snapshot.cc',
        'native/addon/store-lease.cc',
        'native/addon/values.cc',
      ],
    },
  ],
  'conditions': [
    ['pcm_development==1', {
      'targets': [
        {
          'target_name': 'pcm_exposition_test',
          'type': 'executable',
          'dependencies': ['pcm_core', 'pcm_exposition'],
          'include_dirs': ['native/exposition'],
          'cflags_cc!': ['-fno-exceptions'],
          'cflags_cc': ['-O1', '-std=gnu++17'],
          'sources': ['<!@(node -p "fs.readdirSync(\'native/test\').filter((f) => /^exposition_.*[.]cc$/.test(f)).map((f) => \'native/test/\' + f).join(\' \')")'],
        },
        {
          'target_name': 'pcm_core_test',
          'type': 'executable',
          'dependencies': ['pcm_core'],
          'include_dirs': ['native/core'],
          'defines': ['_GNU_SOURCE'],
          'libraries': ['-lm', '-lpthread'],
          'sources': ['<!@(node -p "fs.readdirSync(\'native/test\').filter((f) => /^core_.*[.]c$/.test(f)).map((f) => \'native/test/\' + f).join(\' \')")'],
        },
        {
          'target_name': 'pcm_bench',
          'type': 'executable',
          'dependencies': ['pcm_core'],
          'include_dirs': ['native/core'],
          'defines': ['_GNU_SOURCE'],
          'cflags': ['-O3'],
          'libraries': ['-lm', '-lpthread'],
          'sources': ['native/bench/bench.c'],
        },
        {
          'target_name': 'moving_threads',
          'type': 'executable',
          'dependencies': ['pcm_core'],
          'defines': ['_GNU_SOURCE'],
          'libraries': ['-lm', '-lpthread'],
          'sources': ['native/test/moving_threads.c'],
        },
        {
          'target_name': 'seccomp_launcher',
          'type': 'executable',
          'sources': ['native/test/seccomp_launcher.c'],
        },
      ],
    }],
  ],
}
