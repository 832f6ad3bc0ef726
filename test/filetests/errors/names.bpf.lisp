;; test errors
(defmap pkt-count :type :array :key-size 4 :value-size 8 :max-entries 1)

(defprog wrong-names (:type :xdp)
  (incf (getmap pkt-cuont 0))
;;              ^^^^^^^^^ error[unknown-map]: did you mean `pkt-count`
  (whne (= 1 2) 3)
;; ^^^^ error[unknown-form]: when
  (+ nope 1)
;;   ^^^^ error[unbound-variable]: nope
  XDP_PASS)
