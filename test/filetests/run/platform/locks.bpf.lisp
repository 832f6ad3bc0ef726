;; test run
;; Spin locks in map values, by the form and by hand.
(defstruct account (lock bpf-spin-lock) (transfers u32) (balance u64))
(defmap accounts :type :array :key-size 4 :value-type account :max-entries 2)
(defmap by-user :type :hash :key-size 4 :value-type account :max-entries 8)

(defprog move (:type :xdp)
  (let ((a (map-lookup accounts 1)) (amount 5))
    (unless a (return 90))
    (with-spin-lock (account-lock-ptr a)
      (incf (account-transfers a))
      (setf (account-balance a) (+ (account-balance a) amount))
      (account-balance a))))

(defprog by-hand (:type :xdp)
  (let ((fresh (make-account)))
    (map-update by-user 7 fresh BPF_NOEXIST)
    (when-let ((a (map-lookup by-user 7)))
      (spin-lock (account-lock-ptr a))
      (incf (account-transfers a) 3)
      (spin-unlock (account-lock-ptr a))
      (return (account-transfers a)))
    91))

;; Control flow that stays inside.
(defprog branches (:type :xdp)
  (when-let ((a (map-lookup accounts 0)))
    (return (with-spin-lock (account-lock-ptr a)
              (dotimes (i 4)
                (when (= i 2) (break))
                (incf (account-transfers a)))
              (if (> (account-transfers a) 1) 77 78))))
  92)

;; run move zero 60 = 5
;; run move zero 60 = 10
;; run by-hand zero 60 = 3
;; run by-hand zero 60 = 6
;; run branches zero 60 = 77
