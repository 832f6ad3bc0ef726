;;; The standard macros of .bpf.lisp. Only defmacro forms; each has a documentation string.
;;; `scripts/gen-prelude.mjs` embeds this file as generated/prelude.ts.

;;; Conditionals

(defmacro when-let (bindings &body body)
  "Binds each variable in turn; the body runs if all values are non-zero."
  (if (null bindings)
      `(progn ,@body)
      (let* ((binding (first bindings))
             (name (if (consp binding) (first binding) binding)))
        `(let (,binding)
           (when ,name (when-let ,(rest bindings) ,@body))))))

(defmacro if-let (binding then &optional (else 0))
  "Binds a variable; `then` if its value is non-zero, else `else`."
  (let ((real (if (and (consp binding) (consp (first binding))) (first binding) binding)))
    `(let (,real) (if ,(first real) ,then ,else))))

(defmacro case (key &body clauses)
  "The clause that has the value of the key: (value body...) or ((values...) body...); t or otherwise: any."
  (let* ((simple (or (symbolp key) (integerp key)))
         (value (if simple key (gensym "KEY")))
         (chain `(cond ,@(mapcar
                          (lambda (clause)
                            (let ((test (if (consp clause) (first clause) (error "a clause of case is (value body...)"))))
                              (cond ((or (eq test t) (eq test 'otherwise)) `(t ,@(or (rest clause) '(0))))
                                    ((consp test) `((or ,@(mapcar (lambda (v) `(= ,value ,v)) test)) ,@(or (rest clause) '(0))))
                                    (t `((= ,value ,test) ,@(or (rest clause) '(0)))))))
                          clauses))))
    (if simple chain `(let ((,value ,key)) ,chain))))

;;; Packet bounds
;;;
;;; Names that begin with % are private: the other macros build on them, so that a file may define, say, its own
;;; with-ipv4.

(defmacro xdp-data () "Start of the packet." `(ctx data))
(defmacro xdp-data-end () "End of the packet." `(ctx data-end))
(defmacro tc-data () "Start of the packet, in TC programs." `(ctx data))
(defmacro tc-data-end () "End of the packet, in TC programs." `(ctx data-end))

(defmacro %with-packet ((data data-end &key (min-len 14)) &body body)
  "Binds the bounds of the packet. A shorter packet ends the program with its pass verdict."
  `(let ((,data (ctx data))
         (,data-end (ctx data-end)))
     (when (> (+ ,data ,min-len) ,data-end)
       (return (pass-verdict)))
     ,@body))

(defmacro with-packet (bounds &body body)
  "Binds the bounds of the packet: (data data-end :min-len 14). A shorter packet ends the program with its pass verdict."
  `(%with-packet ,bounds ,@body))

(defmacro with-eth ((data data-end) &body body)
  "A packet with an Ethernet header."
  `(%with-packet (,data ,data-end :min-len +eth-hdr-len+) ,@body))

(defmacro %with-ipv4 ((data data-end ip) &body body)
  "An IPv4 packet; `ip` is its header. Other packets skip the body."
  `(%with-packet (,data ,data-end :min-len (+ +eth-hdr-len+ +ipv4-hdr-len+))
     (when (= (eth-type ,data) +ethertype-ipv4+)
       (let ((,ip (+ ,data +eth-hdr-len+)))
         ,@body))))

(defmacro with-ipv4 (bounds &body body)
  "An IPv4 packet: (data data-end ip); `ip` is its header. Other packets skip the body."
  `(%with-ipv4 ,bounds ,@body))

(defmacro with-ipv6 ((data data-end ip) &body body)
  "An IPv6 packet; `ip` is its header. Other packets skip the body."
  `(%with-packet (,data ,data-end :min-len (+ +eth-hdr-len+ +ipv6-hdr-len+))
     (when (= (eth-type ,data) +ethertype-ipv6+)
       (let ((,ip (+ ,data +eth-hdr-len+)))
         ,@body))))

(defmacro %with-transport ((data data-end header protocol length &key options) &body body)
  "An IPv4 packet of one protocol, its header checked; IPv4 options are followed only with :options t."
  (let ((ip (gensym "IP")))
    `(%with-ipv4 (,data ,data-end ,ip)
       (when (= (ipv4-protocol ,ip) ,protocol)
         (let ((,header (+ ,ip ,(if options
                                    `(<< (logand (ipv4-ver-ihl ,ip) 15) 2)
                                    '+ipv4-hdr-len+))))
           (when (> (+ ,header ,length) ,data-end)
             (return (pass-verdict)))
           ,@body)))))

(defmacro with-tcp ((data data-end tcp &key options) &body body)
  "A TCP packet over IPv4; `tcp` is its header. Other packets skip the body."
  `(%with-transport (,data ,data-end ,tcp +ip-proto-tcp+ +tcp-hdr-len+ :options ,options) ,@body))

(defmacro with-udp ((data data-end udp &key options) &body body)
  "A UDP packet over IPv4; `udp` is its header. Other packets skip the body."
  `(%with-transport (,data ,data-end ,udp +ip-proto-udp+ +udp-hdr-len+ :options ,options) ,@body))

(defmacro with-icmp ((data data-end icmp &key options) &body body)
  "An ICMP packet over IPv4; `icmp` is its header. Other packets skip the body."
  `(%with-transport (,data ,data-end ,icmp +ip-proto-icmp+ +icmp-hdr-len+ :options ,options) ,@body))

;;; The context knows where `data` lies, so the TC forms are the same.

(defmacro with-tc-packet (bounds &body body) "As with-packet." `(%with-packet ,bounds ,@body))
(defmacro with-tc-eth (bounds &body body) "As with-eth." `(with-eth ,bounds ,@body))
(defmacro with-tc-ipv4 (bounds &body body) "As with-ipv4." `(%with-ipv4 ,bounds ,@body))
(defmacro with-tc-ipv6 (bounds &body body) "As with-ipv6." `(with-ipv6 ,bounds ,@body))
(defmacro with-tc-tcp (bounds &body body) "As with-tcp." `(with-tcp ,bounds ,@body))
(defmacro with-tc-udp (bounds &body body) "As with-udp." `(with-udp ,bounds ,@body))
(defmacro with-tc-icmp (bounds &body body) "As with-icmp." `(with-icmp ,bounds ,@body))

;;; Parsers that give a pointer, or 0

(defmacro parse-eth (data data-end)
  "The Ethernet header, or 0 when the packet is too short."
  `(if (> (+ ,data +eth-hdr-len+) ,data-end) 0 ,data))

(defmacro parse-ipv4 (data data-end)
  "The IPv4 header, or 0."
  `(if (> (+ ,data (+ +eth-hdr-len+ +ipv4-hdr-len+)) ,data-end)
       0
       (if (= (eth-type ,data) +ethertype-ipv4+) (+ ,data +eth-hdr-len+) 0)))

(defmacro parse-ipv6 (data data-end)
  "The IPv6 header, or 0."
  `(if (> (+ ,data (+ +eth-hdr-len+ +ipv6-hdr-len+)) ,data-end)
       0
       (if (= (eth-type ,data) +ethertype-ipv6+) (+ ,data +eth-hdr-len+) 0)))

(defmacro %parse-transport (data data-end protocol length)
  "The header of one protocol over IPv4 without options, or 0."
  `(if (> (+ ,data (+ +eth-hdr-len+ +ipv4-hdr-len+ ,length)) ,data-end)
       0
       (if (and (= (eth-type ,data) +ethertype-ipv4+)
                (= (ipv4-protocol (+ ,data +eth-hdr-len+)) ,protocol))
           (+ ,data (+ +eth-hdr-len+ +ipv4-hdr-len+))
           0)))

(defmacro parse-tcp (data data-end) "The TCP header, or 0." `(%parse-transport ,data ,data-end +ip-proto-tcp+ +tcp-hdr-len+))
(defmacro parse-udp (data data-end) "The UDP header, or 0." `(%parse-transport ,data ,data-end +ip-proto-udp+ +udp-hdr-len+))
(defmacro parse-icmp (data data-end) "The ICMP header, or 0." `(%parse-transport ,data ,data-end +ip-proto-icmp+ +icmp-hdr-len+))

;;; Ring buffers

(defmacro with-ringbuf ((record map size &key (flags 0)) &body body)
  "Reserves a record; if there is room, runs the body and submits it."
  `(let ((,record (ringbuf-reserve ,map ,size ,flags)))
     (when ,record
       ,@body
       (ringbuf-submit ,record 0)
       0)))

(defmacro fill-process-info (record &key pid-field tgid-field uid-field gid-field timestamp-field comm-field (comm-size 16))
  "Fills fields of a record from the current task. Each option names the accessor of a field; :comm-field a -ptr accessor."
  `(progn
     ,@(when pid-field `((setf (,pid-field ,record) (cast u32 (get-current-pid-tgid)))))
     ,@(when tgid-field `((setf (,tgid-field ,record) (>> (get-current-pid-tgid) 32))))
     ,@(when uid-field `((setf (,uid-field ,record) (cast u32 (get-current-uid-gid)))))
     ,@(when gid-field `((setf (,gid-field ,record) (>> (get-current-uid-gid) 32))))
     ,@(when timestamp-field `((setf (,timestamp-field ,record) (ktime-get-ns))))
     ,@(when comm-field `((get-current-comm (,comm-field ,record) ,comm-size)))))

;;; Arrays in user space

(defmacro do-user-ptrs ((name base count max-count &key index) &body body)
  "The body for each non-null pointer of a user-space array; at most max-count, a constant."
  (let ((i (or index (gensym "I"))) (start (gensym "BASE")) (limit (gensym "COUNT")) (slot (gensym "SLOT")))
    `(let ((,start ,base) (,limit ,count))
       (dotimes (,i ,max-count)
         (when (< ,i ,limit)
           (let ((,slot u64 0))
             (probe-read-user (stack-addr ,slot) 8 (+ ,start (* ,i 8)))
             (when-let ((,name ,slot)) ,@body)))))))

(defmacro do-user-array ((name type base count max-count &key index) &body body)
  "The body for each element of a user-space array of scalars or structs; at most max-count, a constant."
  (let ((i (or index (gensym "I"))) (start (gensym "BASE")) (limit (gensym "COUNT")) (slot (gensym "SLOT"))
        (scalar (member type '(u8 u16 u32 u64 i8 i16 i32 i64))))
    (if scalar
        `(let ((,start ,base) (,limit ,count))
           (dotimes (,i ,max-count)
             (when (< ,i ,limit)
               (let ((,slot ,type 0))
                 (probe-read-user (stack-addr ,slot) (sizeof ,type) (+ ,start (* ,i (sizeof ,type))))
                 (let ((,name ,type ,slot)) ,@body)))))
        `(let ((,start ,base) (,limit ,count) (,name (struct-alloc ,type)))
           (dotimes (,i ,max-count)
             (when (< ,i ,limit)
               (probe-read-user ,name (sizeof ,type) (+ ,start (* ,i (sizeof ,type))))
               ,@body))))))
