;; test errors
(import-kernel-struct task-struct pid)
;;                    ^ error[no-kernel-types]: `import-kernel-struct` needs the types of a kernel, and there is no BTF at hand
(defprog reads-task (:type :kprobe :section "kprobe/do_nothing")
  (task-struct-pid (get-current-task)))
;; ^ error[unknown-form]: no form, macro or helper is named `task-struct-pid`
