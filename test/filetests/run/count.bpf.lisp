;; test run
(defmap pkt-count :type :array :key-size 4 :value-size 8 :max-entries 1)
(defmap by-port :type :hash :key-size 2 :value-size 8 :max-entries 16)

(defprog count-packets (:type :xdp)
  (incf (getmap pkt-count 0))
  (with-tcp (data data-end tcp)
    (incf (getmap by-port (tcp-dst-port tcp)) 3))
  XDP_PASS)

;; run count-packets zero 60 = XDP_PASS
;; run count-packets tcp to=443 = XDP_PASS
;; run count-packets tcp to=443 = XDP_PASS
;; run count-packets udp to=443 = XDP_PASS
;; map pkt-count[0] = 4
;; map by-port[443] = 6
;; map by-port[80] = none
