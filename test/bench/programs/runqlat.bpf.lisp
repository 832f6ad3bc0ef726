;;; Time that tasks wait for a CPU after they were preempted, as a histogram of powers of two of microseconds.

(defmap start :type :hash :key-type u32 :value-type u64 :max-entries 10240)
(defmap hist :type :array :key-type u32 :value-type u64 :max-entries 26)

(defconstant +last-slot+ 25)

;; One step of a binary search for the highest bit.
(defmacro take-bits (value slot bits)
  `(when (>= ,value ,(ash 1 bits))
     (setf ,value (>> ,value ,bits))
     (incf ,slot ,bits)))

(defmacro log2-capped (value)
  `(let ((rest ,value)
         (slot 0))
     (if (>= rest (<< 1 +last-slot+))
       +last-slot+
       (progn
         (take-bits rest slot 16)
         (take-bits rest slot 8)
         (take-bits rest slot 4)
         (take-bits rest slot 2)
         (take-bits rest slot 1)
         slot))))

(defprog runqlat (:type :tracepoint :section "tracepoint/sched/sched_switch")
  (let ((prev-pid (ctx u32 24))
        (prev-state (ctx u64 32))
        (next-pid (ctx u32 56)))
    ;; State 0 is TASK_RUNNING: the task still wants the CPU.
    (when (and (= prev-state 0) prev-pid)
      (setf (getmap start prev-pid) (ktime-get-ns)))
    (when-let ((since (map-lookup start next-pid)))
      (let ((delta (/ (- (ktime-get-ns) (load u64 since)) 1000)))
        (incf (getmap hist (log2-capped delta)))
        (remmap start next-pid))))
  0)
