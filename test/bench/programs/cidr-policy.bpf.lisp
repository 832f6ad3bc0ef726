;;; The rule of the longest prefix that holds the source decides, if protocol and port are the rule's.

(defstruct prefix (length u32) (addr u32))
(defstruct rule (low u16) (high u16) (protocol u8) (action u8) (pad u16))

(defmap rules :type :lpm-trie :key-type prefix :value-type rule :max-entries 1024 :map-flags 1)
(defmap rule-stats :type :array :key-type u32 :value-type u64 :max-entries 4)

(defmacro count-and (index verdict)
  `(progn (incf (getmap rule-stats ,index))
          (return ,verdict)))

(defprog cidr-policy (:type :tc)
  (with-tc-packet (data data-end :min-len 38)
    (when (= (eth-type data) +ethertype-ipv4+)
      (incf (getmap rule-stats 0))
      (let ((ip (+ data +eth-hdr-len+))
            (key (make-prefix)))
        (setf (prefix-length key) 32
              (prefix-addr key) (ipv4-src-addr ip))
        (when-let ((rule (getmap rules key)))
          (let ((protocol (rule-protocol rule))
                (port (udp-dst-port (+ ip +ipv4-hdr-len+))))
            (when (and (or (= protocol 0) (= protocol (ipv4-protocol ip)))
                       (>= port (rule-low rule))
                       (<= port (rule-high rule)))
              (when (= (rule-action rule) 1)
                (count-and 2 TC_ACT_SHOT))
              (count-and 3 TC_ACT_OK))))
        (incf (getmap rule-stats 1)))))
  TC_ACT_OK)
