;;; What this project's development kernel refuses: kprobes (the book's kernel struct traversal), fentry, fexit, LSM.

(import-kernel-struct task-struct pid tgid comm)
(import-kernel-struct filename name)

(defstruct exec-event (pid u32) (tgid u32) (comm (array u8 16)))

(defmap events :type :ringbuf :max-entries 4096)
(defmap counts :type :array :key-size 4 :value-size 8 :max-entries 8)

(defprog trace-exec (:type :kprobe :section "kprobe/__x64_sys_execve" :license "GPL")
  (let ((task (get-current-task)))
    (with-ringbuf (ev events (sizeof exec-event))
      (setf (exec-event-pid ev) (task-struct-pid task)
            (exec-event-tgid ev) (task-struct-tgid task))
      (probe-read-kernel (exec-event-comm-ptr ev) 16 (task-struct-comm task))))
  0)

(defprog unlink-entry (:type :fentry :section "fentry/do_unlinkat")
  (let ((buf (struct-alloc 8)))
    (probe-read-kernel buf 8 (core-load u64 (arg name) filename name))
    (setf (getmap counts 0) (load u64 buf))
    (setf (getmap counts 1) (arg dfd)))
  0)

(defprog unlink-exit (:type :fexit :section "fexit/do_unlinkat")
  (setf (getmap counts 2) (arg :return))
  0)

(defprog file-open (:type :lsm :section "lsm/file_open")
  (when (arg file) (incf (getmap counts 3)))
  0)
