;; test run
;; A wrong protocol skips the body and goes on; a packet that is too short ends with the pass verdict.
(defmap seen :type :array :key-size 4 :value-size 8 :max-entries 8)

(defprog both (:type :xdp)
  (with-tcp (data data-end tcp)
    (incf (getmap seen 0))
    (when (= (tcp-dst-port tcp) 80) (return XDP_TX)))
  (with-udp (data data-end udp)
    (incf (getmap seen 1))
    (when (= (udp-dst-port udp) 53) (return XDP_ABORTED)))
  XDP_DROP)

(defprog parsed (:type :xdp)
  (let ((data (xdp-data)) (data-end (xdp-data-end)))
    (when-let ((tcp (parse-tcp data data-end)))
      (return (+ 100 (tcp-dst-port tcp))))
    (if-let (ip (parse-ipv4 data data-end))
      (+ 10 (ipv4-protocol ip))
      XDP_DROP)))

(defprog options (:type :xdp)
  (with-udp (data data-end udp :options t)
    (return (udp-dst-port udp)))
  XDP_DROP)

(defprog classify (:type :tc)
  (with-tc-tcp (data data-end tcp)
    (incf (getmap seen 2))
    (return TC_ACT_SHOT))
  7)

;; run both tcp to=80 = XDP_TX
;; run both tcp to=81 = XDP_DROP
;; run both udp to=53 len=42 = XDP_ABORTED
;; run both udp to=54 = XDP_DROP
;; run both udp6 to=53 = XDP_DROP
;; run both eth len=40 = XDP_DROP
;; run both zero 20 = XDP_PASS
;; run parsed tcp to=80 = 180
;; run parsed udp to=80 = 27
;; run parsed zero 60 = XDP_DROP
;; run parsed zero 14 = XDP_DROP
;; run options udp to=53 = 53
;; run classify tcp to=1 = 2
;; run classify udp to=1 = 7
;; map seen[0] = 2
;; map seen[1] = 2
;; map seen[2] = 1
