;;; Bytes that packets of a mark may have, and addresses that nobody may send to.

(defstruct quota (limit u64) (used u64) (packets u64))

(defmap quotas :type :hash :key-type u32 :value-type quota :max-entries 1024)
(defmap denied :type :hash :key-type u32 :value-type u8 :max-entries 1024)
(defmap egress-stats :type :array :key-type u32 :value-type u64 :max-entries 4)

(defmacro count-and (index verdict)
  `(progn (incf (getmap egress-stats ,index))
          (return ,verdict)))

(defprog egress-quota (:type :cgroup-skb :section "cgroup_skb/egress")
  (let ((ip (ctx data)))
    (incf (getmap egress-stats 0))
    (when (and (<= (+ ip +ipv4-hdr-len+) (ctx data-end))
               (= (>> (ipv4-ver-ihl ip) 4) 4)
               (map-lookup denied (ipv4-dst-addr ip)))
      (count-and 1 0)))
  (if-let (quota (getmap quotas (ctx mark)))
    (progn
      (atomic-add quota 16 1)
      (when (> (+ (quota-used quota) (ctx len)) (quota-limit quota))
        (count-and 3 0))
      (atomic-add quota 8 (ctx len)))
    (incf (getmap egress-stats 2)))
  1)
