;;; A record for every program that is started, but for users that are ignored.

(defstruct event
  (when u64) (pid u32) (uid u32) (cgroup u64) (comm (array u8 16)))

(defmap events :type :ringbuf :max-entries 65536)
(defmap ignored-users :type :hash :key-type u32 :value-type u8 :max-entries 1024)
(defmap exec-stats :type :array :key-type u32 :value-type u64 :max-entries 3)

(defprog exec-log (:type :tracepoint :section "tracepoint/sched/sched_process_exec")
  (let ((uid (cast u32 (get-current-uid-gid))))
    (when (map-lookup ignored-users uid)
      (incf (getmap exec-stats 1))
      (return 0))
    (if-let (event (ringbuf-reserve events (sizeof event) 0))
      (progn
        (setf (event-when event) (ktime-get-ns)
              (event-pid event) (>> (get-current-pid-tgid) 32)
              (event-uid event) uid
              (event-cgroup event) (get-current-cgroup-id))
        (get-current-comm (event-comm-ptr event) 16)
        (ringbuf-submit event 0)
        (incf (getmap exec-stats 0)))
      (incf (getmap exec-stats 2))))
  0)
