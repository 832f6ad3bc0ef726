;;; Compiled on the host against its own kernel's BTF, run on older kernels: relocation makes the offsets right.

(import-kernel-struct task-struct pid tgid comm real-parent)

(defstruct seen (tgid u32) (parent u32) (comm (array u8 16)))

(defmap by-pid :type :hash :key-size 4 :value-type seen :max-entries 1024)
(defmap answers :type :array :key-size 4 :value-size 8 :max-entries 8)

;; What the task that runs right now is, out of its task_struct.
(defmacro note-current-task ()
  `(let* ((task (get-current-task))
          (pid (task-struct-pid task))
          (value (make-seen)))
     (setf (seen-tgid value) (task-struct-tgid task)
           (seen-parent value) (task-struct-tgid (task-struct-real-parent task)))
     (probe-read-kernel (seen-comm-ptr value) 16 (task-struct-comm task))
     (setf (getmap by-pid pid) value)
     (setf (getmap answers 0) (core-field-exists task-struct mm-cid))
     (setf (getmap answers 1) (core-field-exists task-struct pid))
     (setf (getmap answers 2) (core-type-size task-struct))
     (setf (getmap answers 3) (core-field-offset task-struct pid))
     (setf (getmap answers 4) (core-type-exists bpf-arena))
     (setf (getmap answers 5) 1)))

(defprog switches (:type :raw-tp :section "raw_tp/sched_switch")
  (note-current-task)
  0)

;; bpftool can run this one: a test run happens in the process that asks for it.
(defprog packet (:type :tc)
  (note-current-task)
  TC_ACT_OK)
