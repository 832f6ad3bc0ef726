;;; Calls of two functions behind different branches are two calls, however equal the machine code around them is.
;; test run
;; run main hex 000000000000000000000000000000000000000000000000 = 2
;; run main hex 010000000000000000000000000000000000000000000000 = 2
;; map hits[0] = 1
;; map hits[1] = 1

(defmap hits :type :array :key-size 4 :value-size 8 :max-entries 2)

(defsubprog first-hit ((by u32)) u32
  (incf (getmap hits 0) by)
  by)

(defsubprog second-hit ((by u32)) u32
  (incf (getmap hits 1) by)
  by)

(defprog main (:type :xdp)
  (with-packet (data data-end :min-len 14)
    (if (= (load u8 data 0) 0)
        (first-hit 1)
        (second-hit 1))
    (return XDP_PASS))
  XDP_DROP)
