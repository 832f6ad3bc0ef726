;; test run-kernel
;; Functions of the kernel: without arguments, with numbers, with pointers that must be given back, with stack memory.
(defkfunc bpf-rcu-read-lock () void)
(defkfunc bpf-rcu-read-unlock () void)
(defkfunc bpf-task-from-pid ((pid i32)) (ptr task-struct))
(defkfunc bpf-task-release ((p (ptr task-struct))) void)
(defkfunc bpf-dynptr-from-xdp ((x (ptr xdp-md)) (flags u64) (ptr (ptr bpf-dynptr))) i32)
(defkfunc bpf-dynptr-size ((p (ptr bpf-dynptr))) u32)
(defkfunc bpf-dynptr-slice ((p (ptr bpf-dynptr)) (offset u32) (buffer ptr) (size u32)) ptr)

(defstruct dynptr (opaque (array u64 2)))
(defmap found :type :array :key-size 4 :value-size 8 :max-entries 1)

(defprog locked (:type :xdp)
  (bpf-rcu-read-lock)
  (incf (getmap found 0))
  (bpf-rcu-read-unlock)
  3)

(defprog task (:type :xdp)
  (let ((current (bpf-task-from-pid (>> (get-current-pid-tgid) 32))))
    (if current
        (progn (bpf-task-release current) 1)
        2)))

(defprog dynptr (:type :xdp)
  (let ((d (make-dynptr)) (room (struct-alloc 8)))
    (when (bpf-dynptr-from-xdp (ctx-ptr) 0 d) (return 90))
    (let ((head (bpf-dynptr-slice d 12 room 2)))
      (unless head (return 91))
      (+ (bpf-dynptr-size d) (* 1000 (load u8 head))))))

;; run locked zero 60 = 3
;; run task zero 60 = 1
;; run dynptr tcp to=80 len=64 = 8064
;; map found[0] = 1
