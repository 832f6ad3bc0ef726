;;; Drops TCP packets to port 9999 and counts them.

(defmap drop-count :type :array :key-size 4 :value-size 8 :max-entries 1)

(defprog drop-port (:type :xdp)
  (with-tcp (data data-end tcp)
    (when (= (tcp-dst-port tcp) 9999)
      (incf (getmap drop-count 0))
      (return XDP_DROP)))
  XDP_PASS)
