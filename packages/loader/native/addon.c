/*
 * The native part of @unplugin-bpf/loader: raw Linux system calls, memory mappings and file descriptor readiness for
 * JavaScript. Everything that knows about BPF lives in TypeScript (src/sys); nothing here does, apart from the number
 * of bpf(2) and the two of its commands that a signal may disturb.
 *
 * Rules of this file
 *   - No libc. The object has no NEEDED entry, so one file serves glibc and musl. Node-API and libuv symbols are left
 *     undefined and found in the executable that loads us. System calls are made in inline assembly.
 *   - Failures are return values (-errno), never a thread-local errno and never a JavaScript exception; an exception is
 *     thrown only for wrong arguments, which is a bug of the caller.
 *   - No global state: one process may load us into many environments (worker threads), each has a `struct instance`.
 *   - Memory comes from mmap; there is no allocator.
 *
 * JavaScript sees
 *   attr: ArrayBuffer                               scratch for `union bpf_attr`
 *   bpf(cmd, size) -> number                        bpf(2) on the first `size` bytes of attr
 *   bpfAt(cmd, address, size) -> number             bpf(2) on attributes that lie elsewhere, filled in once for many calls
 *   syscall(nr, ...up to six) -> number             numbers, buffers (their address) or undefined (0)
 *   addressOf(buffer) -> number                     stable as long as the buffer lives
 *   mmap(length, prot, flags, fd, offset) -> ArrayBuffer | -errno
 *   munmap(ArrayBuffer) -> number                   detaches the buffer first
 *   pollStart(fd, callback) -> id | -errno          callback() whenever fd is readable
 *   pollStop(id)                                    unknown or stopped ids are ignored
 */
#define NAPI_VERSION 8
#include <node_api.h>

#define HIDDEN_WEAK extern __attribute__((weak))

/* ---- libuv, declared by hand ------------------------------------------------------------------------------------
 * Node ships no uv.h through node-api-headers. Only opaque pointers are passed, and the handle's size is asked for at
 * run time, so these declarations hold for every libuv 1.x. Weak, because Bun and Deno do not export them: then the
 * pointers are null and pollStart says so instead of crashing. */
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle uv_handle_t;
HIDDEN_WEAK size_t uv_handle_size(int type);
HIDDEN_WEAK int uv_poll_init(uv_loop_t *loop, uv_handle_t *handle, int fd);
HIDDEN_WEAK int uv_poll_start(uv_handle_t *handle, int events, void (*cb)(uv_handle_t *, int status, int events));
HIDDEN_WEAK int uv_poll_stop(uv_handle_t *handle);
HIDDEN_WEAK void uv_close(uv_handle_t *handle, void (*cb)(uv_handle_t *));
enum { UV_POLL = 8, UV_READABLE = 1 };

/* ---- system calls ----------------------------------------------------------------------------------------------- */
#if defined(__x86_64__)
enum { NR_MMAP = 9, NR_MUNMAP = 11, NR_SIGPROCMASK = 14, NR_BPF = 321 };

static long syscall6(long nr, const long a[6]) {
  long result;
  register long r10 __asm__("r10") = a[3];
  register long r8 __asm__("r8") = a[4];
  register long r9 __asm__("r9") = a[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { NR_MMAP = 222, NR_MUNMAP = 215, NR_SIGPROCMASK = 135, NR_BPF = 280 };

static long syscall6(long nr, const long a[6]) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a[0];
  register long x1 __asm__("x1") = a[1];
  register long x2 __asm__("x2") = a[2];
  register long x3 __asm__("x3") = a[3];
  register long x4 __asm__("x4") = a[4];
  register long x5 __asm__("x5") = a[5];
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "x86_64 and aarch64 only"
#endif

enum { E_AGAIN = 11, E_NOMEM = 12, E_INVAL = 22, E_NOSYS = 38 };
enum { PROT_READ_WRITE = 3, MAP_PRIVATE_ANONYMOUS = 0x22, SIG_SETMASK = 2 };
enum { BPF_PROG_LOAD = 5, BPF_PROG_TEST_RUN = 10, LOAD_ATTEMPTS = 6 };
enum { ATTR_BYTES = 512, PAGE = 4096 };

static int is_error(long result) { return result < 0 && result >= -4095; }

/* Zeroed memory, page-granular; null when there is none. */
static void *pages_alloc(size_t size) {
  long args[6] = {0, (long)size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0};
  long result = syscall6(NR_MMAP, args);
  return is_error(result) ? NULL : (void *)result;
}

static void pages_free(void *memory, size_t size) {
  long args[6] = {(long)memory, (long)size, 0, 0, 0, 0};
  syscall6(NR_MUNMAP, args);
}

/* ---- per-environment state -------------------------------------------------------------------------------------- */
struct poller {
  struct instance *owner;
  struct poller *next;
  int id;
  int closing;
  napi_ref callback;
  napi_async_context async;
  uv_handle_t *handle; /* lies behind this struct in the same page */
};

struct instance {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup; /* set once the environment is being torn down */
  struct poller *pollers;
  int last_id;
  void *attr;
};

static struct instance *instance_of(napi_env env) {
  void *data = NULL;
  napi_get_instance_data(env, &data);
  return data;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */
static napi_value number(napi_env env, long value) {
  napi_value result;
  napi_create_int64(env, value, &result);
  return result;
}

static napi_value type_error(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

/* Address of the bytes of a typed array, Buffer, DataView or ArrayBuffer. Asking for it makes V8 move the bytes of a
 * small array out of its heap, after which they stay where they are until the buffer is collected. */
static int address_of(napi_env env, napi_value value, void **address) {
  bool yes = false;
  if (napi_is_typedarray(env, value, &yes) == napi_ok && yes)
    return napi_get_typedarray_info(env, value, NULL, NULL, address, NULL, NULL) == napi_ok;
  if (napi_is_arraybuffer(env, value, &yes) == napi_ok && yes)
    return napi_get_arraybuffer_info(env, value, address, NULL) == napi_ok;
  if (napi_is_dataview(env, value, &yes) == napi_ok && yes)
    return napi_get_dataview_info(env, value, NULL, address, NULL, NULL) == napi_ok;
  return 0;
}

/* A system call argument: a number (addresses fit, they have at most 52 bits), a buffer's address, or undefined. */
static int argument(napi_env env, napi_value value, long *out) {
  napi_valuetype type;
  int64_t integer;
  void *address;
  if (napi_typeof(env, value, &type) != napi_ok) return 0;
  switch (type) {
  case napi_undefined:
  case napi_null:
    *out = 0;
    return 1;
  case napi_number:
    if (napi_get_value_int64(env, value, &integer) != napi_ok) return 0;
    *out = (long)integer;
    return 1;
  case napi_object:
    if (!address_of(env, value, &address)) return 0;
    *out = (long)address;
    return 1;
  default:
    return 0;
  }
}

/* Reads up to six arguments into `out`; returns how many were given, or -1 after throwing. */
static int arguments(napi_env env, napi_callback_info info, long out[6], int skip) {
  napi_value values[7];
  size_t count = 7;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok) return -1;
  if (count > 7) count = 7;
  for (int i = 0; i < 6; i++) out[i] = 0;
  for (size_t i = (size_t)skip; i < count && i - (size_t)skip < 6; i++) {
    if (!argument(env, values[i], &out[i - (size_t)skip])) {
      type_error(env, "system call arguments are numbers, buffers or undefined");
      return -1;
    }
  }
  return (int)count;
}

/* ---- syscall, bpf, addressOf ------------------------------------------------------------------------------------ */
static napi_value js_syscall(napi_env env, napi_callback_info info) {
  napi_value first;
  size_t count = 1;
  int64_t nr;
  long args[6];
  if (napi_get_cb_info(env, info, &count, &first, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_int64(env, first, &nr) != napi_ok)
    return type_error(env, "syscall(nr, ...arguments)");
  if (arguments(env, info, args, 1) < 0) return NULL;
  return number(env, syscall6((long)nr, args));
}

/* The kernel gives up PROG_LOAD with EAGAIN and TEST_RUN with EINTR as soon as any signal is pending, and a profiler's
 * timer keeps one pending for ever: all signals wait until the call is over. EAGAIN has other sources, so it is tried
 * again a few times. */
static long bpf_call(long cmd, void *attr, long size) {
  long call[6] = {cmd, (long)attr, size, 0, 0, 0};
  if (cmd != BPF_PROG_LOAD && cmd != BPF_PROG_TEST_RUN) return syscall6(NR_BPF, call);
  unsigned long all = ~0ul, before = 0;
  long block[6] = {SIG_SETMASK, (long)&all, (long)&before, sizeof all, 0, 0};
  long restore[6] = {SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0};
  syscall6(NR_SIGPROCMASK, block);
  long result = -E_AGAIN;
  for (int i = 0; i < LOAD_ATTEMPTS && result == -E_AGAIN; i++) result = syscall6(NR_BPF, call);
  syscall6(NR_SIGPROCMASK, restore);
  return result;
}

static napi_value js_bpf(napi_env env, napi_callback_info info) {
  napi_value values[2];
  size_t count = 2;
  int32_t cmd, size;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_value_int32(env, values[0], &cmd) != napi_ok || napi_get_value_int32(env, values[1], &size) != napi_ok ||
      size < 0 || size > ATTR_BYTES)
    return type_error(env, "bpf(cmd, size)");
  return number(env, bpf_call(cmd, instance_of(env)->attr, size));
}

static napi_value js_bpf_at(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t count = 3;
  int32_t cmd, size;
  int64_t address;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 3 ||
      napi_get_value_int32(env, values[0], &cmd) != napi_ok || napi_get_value_int64(env, values[1], &address) != napi_ok ||
      napi_get_value_int32(env, values[2], &size) != napi_ok || size < 0 || size > ATTR_BYTES)
    return type_error(env, "bpfAt(cmd, address, size)");
  return number(env, bpf_call(cmd, (void *)address, size));
}

static napi_value js_address_of(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t count = 1;
  void *address;
  if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok || count < 1 ||
      !address_of(env, value, &address))
    return type_error(env, "addressOf(buffer)");
  return number(env, (long)address);
}

/* ---- memory mappings -------------------------------------------------------------------------------------------- */
/* Node demands a finalizer. It must not unmap: after munmap() the same address may belong to another mapping. */
static void leave_mapped(napi_env env, void *data, void *hint) {
  (void)env, (void)data, (void)hint;
}

static napi_value js_mmap(napi_env env, napi_callback_info info) {
  long given[6];
  if (arguments(env, info, given, 0) < 0) return NULL;
  long args[6] = {0, given[0], given[1], given[2], given[3], given[4]};
  long memory = syscall6(NR_MMAP, args);
  if (is_error(memory)) return number(env, memory);
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, (void *)memory, (size_t)given[0], leave_mapped, NULL, &buffer) != napi_ok) {
    /* Electron's memory cage forbids ArrayBuffers over foreign memory. */
    pages_free((void *)memory, (size_t)given[0]);
    return number(env, -E_NOSYS);
  }
  return buffer;
}

static napi_value js_munmap(napi_env env, napi_callback_info info) {
  napi_value buffer;
  size_t count = 1, length = 0;
  void *memory = NULL;
  if (napi_get_cb_info(env, info, &count, &buffer, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_arraybuffer_info(env, buffer, &memory, &length) != napi_ok)
    return type_error(env, "munmap(arrayBuffer)");
  if (length == 0) return number(env, 0); /* detached already */
  /* Detached first: a view that is still around then reads undefined instead of unmapped memory. */
  if (napi_detach_arraybuffer(env, buffer) != napi_ok) return number(env, -E_INVAL);
  long args[6] = {(long)memory, (long)length, 0, 0, 0, 0};
  return number(env, syscall6(NR_MUNMAP, args));
}

/* ---- readiness of file descriptors ------------------------------------------------------------------------------ */
static void instance_free_when_idle(struct instance *instance) {
  if (instance->cleanup == NULL || instance->pollers != NULL) return;
  napi_async_cleanup_hook_handle cleanup = instance->cleanup;
  pages_free(instance, PAGE);
  napi_remove_async_cleanup_hook(cleanup);
}

/* The handle lies behind its poller in one page, so the page's start is the poller. */
static struct poller *poller_of(uv_handle_t *handle) { return (struct poller *)((unsigned long)handle & ~(PAGE - 1ul)); }

static void poller_closed(uv_handle_t *handle) {
  struct poller *poller = poller_of(handle);
  struct instance *instance = poller->owner;
  for (struct poller **link = &instance->pollers; *link; link = &(*link)->next) {
    if (*link == poller) {
      *link = poller->next;
      break;
    }
  }
  pages_free(poller, PAGE);
  instance_free_when_idle(instance);
}

/* libuv may use the handle until the close callback ran: the page is freed there, not here. */
static void poller_close(struct poller *poller) {
  if (poller->closing) return;
  poller->closing = 1;
  uv_poll_stop(poller->handle);
  napi_delete_reference(poller->owner->env, poller->callback);
  napi_async_destroy(poller->owner->env, poller->async);
  uv_close(poller->handle, poller_closed);
}

/* make_callback, not call_function: it runs promise jobs and process.nextTick afterwards, and async hooks see it. */
static void poller_readable(uv_handle_t *handle, int status, int events) {
  (void)status, (void)events; /* after an error the consumer finds out by looking */
  struct poller *poller = poller_of(handle);
  napi_env env = poller->owner->env;
  napi_handle_scope scope;
  napi_value callback, global, error;
  if (poller->closing || napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, poller->callback, &callback) == napi_ok && napi_get_global(env, &global) == napi_ok &&
      napi_make_callback(env, poller->async, global, callback, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error);
  napi_close_handle_scope(env, scope);
}

static long poller_open(struct instance *instance, int fd, napi_value callback) {
  napi_env env = instance->env;
  uv_loop_t *loop;
  napi_value name;
  if (!uv_handle_size || !uv_poll_init || !uv_poll_start || !uv_poll_stop || !uv_close) return -E_NOSYS;
  size_t begin = (sizeof(struct poller) + 15) & ~15ul;
  if (begin + uv_handle_size(UV_POLL) > PAGE || napi_get_uv_event_loop(env, &loop) != napi_ok) return -E_NOSYS;
  struct poller *poller = pages_alloc(PAGE);
  if (!poller) return -E_NOMEM;
  poller->owner = instance;
  poller->handle = (uv_handle_t *)((char *)poller + begin);
  int result = uv_poll_init(loop, poller->handle, fd);
  if (result < 0) { /* nothing was registered, so nothing is to be closed */
    pages_free(poller, PAGE);
    return result;
  }
  poller->id = ++instance->last_id;
  poller->next = instance->pollers;
  instance->pollers = poller;
  napi_create_string_utf8(env, "unplugin-bpf:poll", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, callback, 1, &poller->callback);
  napi_async_init(env, NULL, name, &poller->async);
  result = uv_poll_start(poller->handle, UV_READABLE, poller_readable);
  if (result < 0) {
    poller_close(poller);
    return result;
  }
  return poller->id;
}

static napi_value js_poll_start(napi_env env, napi_callback_info info) {
  napi_value values[2];
  size_t count = 2;
  int32_t fd;
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_value_int32(env, values[0], &fd) != napi_ok || napi_typeof(env, values[1], &type) != napi_ok ||
      type != napi_function)
    return type_error(env, "pollStart(fd, callback)");
  return number(env, poller_open(instance_of(env), fd, values[1]));
}

static napi_value js_poll_stop(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t count = 1;
  int32_t id = 0;
  if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_int32(env, value, &id) != napi_ok)
    return type_error(env, "pollStop(id)");
  for (struct poller *poller = instance_of(env)->pollers; poller; poller = poller->next)
    if (poller->id == id) poller_close(poller);
  return NULL;
}

/* ---- life of an environment ------------------------------------------------------------------------------------- */
/* Asynchronous, because closing a libuv handle takes a turn of the loop: with a synchronous hook worker.terminate()
 * frees the loop under our handles. The instance lives until the last handle is closed. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *arg) {
  struct instance *instance = arg;
  instance->cleanup = handle;
  for (struct poller *poller = instance->pollers; poller; poller = poller->next) poller_close(poller);
  instance_free_when_idle(instance);
}

static void export_function(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok)
    napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  napi_value attr;
  napi_ref keep;
  struct instance *instance = pages_alloc(PAGE);
  if (!instance) return type_error(env, "out of memory");
  instance->env = env;
  /* The reference is never deleted: attr must not move or die before the environment does. */
  if (napi_create_arraybuffer(env, ATTR_BYTES, &instance->attr, &attr) != napi_ok ||
      napi_create_reference(env, attr, 1, &keep) != napi_ok ||
      napi_set_instance_data(env, instance, NULL, NULL) != napi_ok ||
      napi_add_async_cleanup_hook(env, on_cleanup, instance, NULL) != napi_ok)
    return type_error(env, "the native addon could not be initialised");
  napi_set_named_property(env, exports, "attr", attr);
  export_function(env, exports, "bpf", js_bpf);
  export_function(env, exports, "bpfAt", js_bpf_at);
  export_function(env, exports, "syscall", js_syscall);
  export_function(env, exports, "addressOf", js_address_of);
  export_function(env, exports, "mmap", js_mmap);
  export_function(env, exports, "munmap", js_munmap);
  export_function(env, exports, "pollStart", js_poll_start);
  export_function(env, exports, "pollStop", js_poll_stop);
  return exports;
}
