;;; Counts every packet in the one element of an array.

(defmap pkt-count :type :array :key-size 4 :value-size 8 :max-entries 1)

(defprog count-packets (:type :xdp)
  (incf (getmap pkt-count 0))
  XDP_PASS)
