;; test run
;; Maps in maps, of both kinds, with entries from the start; programs in a prog array from the start.
(defmap table-a :type :array :key-size 4 :value-size 8 :max-entries 2)
(defmap table-b :type :array :key-size 4 :value-size 8 :max-entries 2)
(defmap tables :type :array-of-maps :key-size 4 :max-entries 3 :inner table-a :values (table-a nil table-b))

(defmap flows :type :hash :key-size 8 :value-size 4 :max-entries 8)
(defmap by-port :type :hash-of-maps :key-size 4 :max-entries 4
  :inner (:type :hash :key-size 8 :value-size 4 :max-entries 8) :values (nil flows))

(defmap stages :type :prog-array :key-size 4 :max-entries 2 :values (nil last-stage))

(defprog count-in (:type :xdp)
  (when-let ((table (map-lookup tables 2)))
    (incf (getmap table 1) 5)
    (incf (getmap table 1))
    (return (getmap table 1)))
  99)

(defprog empty-slot (:type :xdp)
  (if-let (table (getmap tables 1)) 1 2))

(defprog hash-entries (:type :xdp)
  (let ((m (getmap by-port 1)))
    (unless m (return 90))
    (setf (getmap m 7) 3)
    (incf (getmap m 7) 4)
    (incf (getmap m 8))
    (remmap m 8)
    (let ((p (map-lookup m 7)))
      (unless p (return 91))
      (+ (load u32 p) (* 100 (getmap m 8))))))

(defprog first-stage (:type :xdp)
  (tail-call stages 1)
  1)
(defprog last-stage (:type :xdp) 42)

;; Helpers on an entry: a ring buffer out of many.
(defmap events :type :ringbuf :max-entries 4096)
(defmap rings :type :array-of-maps :key-size 4 :max-entries 2 :inner events :values (nil events))
(defprog outputs (:type :xdp)
  (let ((x u32 7))
    (when-let ((ring (map-lookup rings 1)))
      (return (+ 50 (ringbuf-output ring (stack-addr x) 4 0))))
    93))

;; run outputs zero 60 = 50
;; ring events = 07000000
;; run count-in zero 60 = 6
;; run count-in zero 60 = 12
;; run empty-slot zero 60 = 2
;; run hash-entries zero 60 = 7
;; run hash-entries zero 60 = 7
;; run first-stage zero 60 = 42
;; map table-b[1] = 12
;; map table-a[1] = 0
;; map flows[7] = 7
