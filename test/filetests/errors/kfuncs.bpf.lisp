;; test errors
(defkfunc bpf-rcu-read-lock)
;;        ^^^^^^^^^^^^^^^^^ error[no-kernel-types]: there is no BTF at hand
(defkfunc bpf-task-release ((p (ptr task-struct))) void)
(defkfunc bpf-task-from-pid ((pid i32)) (ptr task-struct))
(defkfunc bpf-task-release ((p ptr)) void)
;;        ^^^^^^^^^^^^^^^^ error[duplicate-name]: two functions
(defkfunc odd ((p task-struct)) void)
;;                ^^^^^^^^^^^ error[bad-type]: expected a scalar type
(defkfunc odder ((p (struct task))) void)
;;                  ^^^^^^^^^^^^^ error[bad-type]: (ptr task-struct)
(defkfunc short (p u32))
;; error@12:1[wrong-argument-count]: parameters and a type
(defkfunc nameless (u32) u32)
;;                  ^^^ error[bad-syntax]: expected a parameter

(defprog calls (:type :xdp)
  (bpf-task-release 7)
;;                  ^ error[pointer-misuse]: is a pointer to the kernel's `task-struct`; this is a number
  (bpf-task-from-pid (ctx-ptr))
;;                   ^^^^^^^^^ error[pointer-misuse]: is a number; this is a pointer
  XDP_PASS)
(defprog counted (:type :xdp)
  (bpf-task-from-pid)
;;^^^^^^^^^^^^^^^^^^^ error[wrong-argument-count]: takes 1 argument
  XDP_PASS)
