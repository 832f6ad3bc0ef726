;;; Latency of block requests by device, in powers of two of microseconds.

(defconstant +last-slot+ 26)

(defstruct request (dev u32) (pad u32) (sector u64))
(defstruct hist-key (dev u32) (slot u32))

(defmap issued :type :hash :key-type request :value-type u64 :max-entries 10240)
(defmap latencies :type :hash :key-type hist-key :value-type u64 :max-entries 4096)

(defmacro with-request ((name) &body body)
  `(let ((,name (make-request)))
     (setf (request-dev ,name) (ctx u32 8)
           (request-sector ,name) (ctx u64 16))
     ,@body))

(defprog rq-issue (:type :tracepoint :section "tracepoint/block/block_rq_issue")
  (with-request (key)
    (setf (getmap issued key) (ktime-get-ns)))
  0)

(defprog rq-complete (:type :tracepoint :section "tracepoint/block/block_rq_complete")
  (with-request (key)
    (when-let ((since (map-lookup issued key)))
      (let ((us (/ (- (ktime-get-ns) (load u64 since)) 1000))
            (slot 0)
            (bucket (make-hist-key)))
        (dotimes (i +last-slot+)
          (when (>= us (<< 1 (+ i 1)))
            (setf slot (+ i 1))))
        (setf (hist-key-dev bucket) (request-dev key)
              (hist-key-slot bucket) slot)
        (incf (getmap latencies bucket))
        (remmap issued key))))
  0)
