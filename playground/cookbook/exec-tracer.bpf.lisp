;;; Every execve, with what the kernel's own structs say of the process. Offsets are relocated (CO-RE): the object runs on
;;; kernels other than the one it was compiled on.

(import-kernel-struct task-struct pid tgid comm real-parent)

(defstruct exec-event
  (pid u32)
  (tgid u32)
  (parent u32)
  (comm (array u8 16)))

(defmap events :type :ringbuf :max-entries (* 64 1024))

(defprog trace-exec (:type :kprobe :section "kprobe/__x64_sys_execve" :license "GPL")
  (let ((task (get-current-task)))
    (with-ringbuf (event events (sizeof exec-event))
      (setf (exec-event-pid event) (task-struct-pid task)
            (exec-event-tgid event) (task-struct-tgid task)
            (exec-event-parent event) (task-struct-tgid (task-struct-real-parent task)))
      ;; An array inside of the struct: the accessor gives its address.
      (probe-read-kernel (exec-event-comm-ptr event) 16 (task-struct-comm task))))
  0)
