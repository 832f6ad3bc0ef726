;; test errors
(defstruct counter (lock bpf-spin-lock) (n u64))
(defmap counters :type :array :key-size 4 :value-type counter :max-entries 1)
(defmap other :type :array :key-size 4 :value-size 8 :max-entries 4)

(defprog leaves (:type :xdp)
  (when-let ((c (map-lookup counters 0)))
    (with-spin-lock (counter-lock-ptr c) (return 1)))
;;                                       ^^^^^^^^^^ error[pointer-misuse]: lock held
  1)
(defprog calls (:type :xdp)
  (when-let ((c (map-lookup counters 0)))
    (with-spin-lock (counter-lock-ptr c) (setf (counter-n c) (ktime-get-ns))))
;;                                                           ^^^^^^^^^^^^^^ error[pointer-misuse]: nothing can be called
  1)
(defprog looks (:type :xdp)
  (when-let ((c (map-lookup counters 0)))
    (with-spin-lock (counter-lock-ptr c) (setf (getmap other 1) 3)))
;;                                       ^^^^^^^^^^^^^^^^^^^^^^^^^ error[pointer-misuse]: nothing can be called
  1)
(defprog breaks (:type :xdp)
  (when-let ((c (map-lookup counters 0)))
    (dotimes (i 3) (with-spin-lock (counter-lock-ptr c) (break))))
;;                                                      ^^^^^^^ error[pointer-misuse]: lock held
  1)

(defprog few (:type :xdp) (trace-printk "%d %d" 1) 1)
;;                        ^^^^^^^^^^^^^^^^^^^^^^^^ error[wrong-argument-count]: names 2 arguments, got 1
(defprog many (:type :xdp) (trace-printk "%d%d%d%d%d%d%d%d%d%d%d%d%d" 1 2 3 4 5 6 7 8 9 10 11 12 13) 1)
;;                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[wrong-argument-count]: at most 12
(defprog float (:type :xdp) (trace-printk "%f" 1) 1)
;;                                        ^^^^ error[bad-option]: `%f`
(defprog ends (:type :xdp) (trace-printk "50%") 1)
;;                                       ^^^^^ error[bad-option]: `%`
(defprog size (:type :xdp) (trace-printk 1) 1)
;;                         ^^^^^^^^^^^^^^^^ error[wrong-argument-count]: takes 2 to 5 arguments, got 1
