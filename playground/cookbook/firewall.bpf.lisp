;;; An outbound firewall for the processes of one cgroup, of three programs that share seven maps:
;;;
;;;   connect4   sends DNS, HTTP and HTTPS connections to local proxies and notes where they were meant to go
;;;   sockops    notes which socket has which source port
;;;   egress     looks at every packet: drops those to addresses that are not allowed
;;;
;;; Each decision is an event in a ring buffer. User space fills the allowlists and sets the constants below when it
;;; loads the programs. Addresses are numbers (10.0.0.1 = #x0a000001) except in the key of `allowed-networks`.

;;; ---- What user space sets ----

(defrodata enforce u8 1 "0: report what would be dropped, and let it pass.")
(defrodata dns-proxy-port u16 0 "Port of the DNS proxy on 127.0.0.1; 0: none.")
(defrodata http-proxy-port u16 0 "Port of the proxy for TCP port 80; 0: none.")
(defrodata https-proxy-port u16 0 "Port of the proxy for TCP port 443; 0: none.")
(defrodata proxy-pid u32 0 "Process that may connect anywhere (the proxies themselves); 0: none.")

;;; ---- What it reads ----

(defconstant +dns-redirect+ 1 "A connection was sent to the DNS proxy.")
(defconstant +http-redirect+ 2 "A connection was sent to the HTTP proxy.")
(defconstant +https-redirect+ 3 "A connection was sent to the HTTPS proxy.")
(defconstant +packet-ipv4+ 4 "A packet; of TCP connections that are allowed, only the first one is reported.")
(defconstant +packet-dns+ 5 "A DNS query over UDP.")
(defconstant +packet-ipv6+ 6 "An IPv6 packet: never allowed.")

(defstruct event
  (pid u32)
  (port u16)                     ; where the packet or connection goes
  (allowed u8)
  (pad0 u8)
  (ip u32)
  (original-ip u32)              ; where it was meant to go, if it was redirected
  (event-type u8)
  (pad1 u8)
  (dns-txid u16)
  (pid-resolved u8)
  (redirected u8)
  (pad2 u16))

(defmap events :type :ringbuf :max-entries (* 256 1024))

;;; ---- Allowlists ----

(defstruct network
  (prefix-length u32)
  (address (array u8 4)))

(defmap allowed-ips :type :hash
  :key-type u32 :value-type u8 :max-entries 65536)
(defmap allowed-networks :type :lpm-trie
  :key-type network :value-type u8 :max-entries 4096 :map-flags 1)   ; BPF_F_NO_PREALLOC

;;; ---- What the programs tell each other ----
;;; Keyed by socket cookie. The least recently used entries make room, so that closed sockets need no care.

(defmap socket-pid :type :lru-hash
  :key-type u64 :value-type u32 :max-entries 16384)
(defmap sock-client-to-original-ip :type :lru-hash
  :key-type u64 :value-type u32 :max-entries 16384)
(defmap sock-client-to-original-port :type :lru-hash
  :key-type u64 :value-type u16 :max-entries 16384)
(defmap src-port-to-sock-client :type :lru-hash
  :key-type u16 :value-type u64 :max-entries 16384)

;;; ---- Common parts ----

(defconstant +localhost-nbo+ #x0100007f)     ; 127.0.0.1 as it lies in memory

(defmacro loopback-p (address)
  "Is the address (as it lies in memory) one of 127.0.0.0/8?"
  `(= (logand ,address #xff) 127))

(defmacro proxy-p (pid)
  `(and (/= proxy-pid 0) (= ,pid proxy-pid)))

(defmacro report (type &rest fields)
  "Sends an event: (report +packet-ipv4+ :pid pid :allowed 1 ...)."
  `(let ((event (make-event)))
     (setf (event-event-type event) ,type)
     ,@(loop for (field value) on fields by #'cddr
             collect `(setf (,(intern (format nil "EVENT-~a" field)) event) ,value))
     (ringbuf-output events event (sizeof event) 0)))

;;; ---- connect4: redirect ----

(defmacro redirect-to (port-of-proxy type)
  "Sends the connection that is being made to a proxy, if there is one."
  `(when (/= ,port-of-proxy 0)
     (setf (getmap sock-client-to-original-ip cookie) (ntohl ip)
           (getmap sock-client-to-original-port cookie) port
           (ctx user-ip4) +localhost-nbo+
           (ctx user-port) (htons ,port-of-proxy))
     (report ,type :pid pid :pid-resolved 1 :port port :ip #x7f000001
             :original-ip (ntohl ip) :allowed 1 :redirected 1)))

(defprog connect4 (:type :cgroup-sock-addr :section "cgroup/connect4")
  (let ((cookie (get-socket-cookie (ctx-ptr)))
        (pid u32 (>> (get-current-pid-tgid) 32))
        (ip (ctx user-ip4))
        (port u16 (ntohs (ctx user-port)))
        (tcp (= (ctx protocol) +ip-proto-tcp+)))
    (setf (getmap socket-pid cookie) pid)
    (unless (or (loopback-p ip) (proxy-p pid))
      (cond
        ((= port 53) (redirect-to dns-proxy-port +dns-redirect+))
        ((and tcp (= port 80)) (redirect-to http-proxy-port +http-redirect+))
        ((and tcp (= port 443)) (redirect-to https-proxy-port +https-redirect+)))))
  1)                                          ; egress decides

;;; ---- sockops: which socket has which port ----

(defprog sockops (:type :sock-ops :section "sockops")
  (when (= (ctx op) +bpf-sock-ops-tcp-connect-cb+)      ; the port is known, nothing was sent yet
    (setf (getmap src-port-to-sock-client (cast u16 (ctx local-port)))
          (get-socket-cookie (ctx-ptr))))
  1)

;;; ---- egress: allow or drop ----

;; A program of this type copies what it reads of a packet: first the IPv4 header, then the one behind it.
(defstruct ipv4-bytes (bytes (array u8 20)))
(defstruct transport-bytes (bytes (array u8 20)))
(defunion packet-buffer ipv4-bytes transport-bytes)

(defmacro network-allowed-p (address)
  `(let ((key (make-network)))
     (setf (network-prefix-length key) 32)
     (store u32 (network-address-ptr key) 0 ,address)
     (getmap allowed-networks key)))

(defmacro verdict (allowed)
  `(or ,allowed (not enforce)))

(defprog egress (:type :cgroup-skb :section "cgroup_skb/egress")
  (let* ((cookie (get-socket-cookie (ctx-ptr)))
         (pid (getmap socket-pid cookie))
         (buffer (make-packet-buffer)))
    (when (/= (ctx protocol) (htons +ethertype-ipv4+))
      (report +packet-ipv6+ :pid pid :pid-resolved (/= pid 0))
      (return (verdict 0)))
    (when (/= (skb-load-bytes (ctx-ptr) 0 buffer +ipv4-hdr-len+) 0)
      (return (verdict 0)))
    (let* ((target (ipv4-dst-addr buffer))
           (protocol (ipv4-protocol buffer))
           (fragment (logand (ntohs (load u16 buffer 6)) #x1fff))
           (header (<< (logand (ipv4-ver-ihl buffer) 15) 2))
           (allowed (or (loopback-p target)
                        (proxy-p pid)
                        (/= (getmap allowed-ips (ntohl target)) 0)
                        (/= (network-allowed-p target) 0)))
           (client cookie)
           (port u16 0)
           (type u8 +packet-ipv4+)
           (txid u16 0)
           (silent u8 0))
      ;; Later fragments have no ports.
      (when (and (= protocol +ip-proto-udp+) (= fragment 0)
                 (= (skb-load-bytes (ctx-ptr) header buffer +udp-hdr-len+) 0))
        (setf port (udp-dst-port buffer))
        (when (or (= port 53) (and (/= dns-proxy-port 0) (= port dns-proxy-port)))
          (setf type +packet-dns+)
          (when (= (skb-load-bytes (ctx-ptr) (+ header +udp-hdr-len+) buffer 2) 0)
            (setf txid (ntohs (load u16 buffer))))))
      (when (and (= protocol +ip-proto-tcp+) (= fragment 0)
                 (= (skb-load-bytes (ctx-ptr) header buffer +tcp-hdr-len+) 0))
        (setf port (tcp-dst-port buffer)
              silent (and allowed (not (logtest (tcp-flags buffer) +tcp-syn+))))
        (let ((known (getmap src-port-to-sock-client (tcp-src-port buffer))))
          (when known (setf client known))))
      (unless silent
        (let ((original (getmap sock-client-to-original-ip client)))
          (report type :pid pid :pid-resolved (/= pid 0) :port port :ip (ntohl target)
                  :original-ip original :redirected (/= original 0) :allowed allowed :dns-txid txid)))
      (verdict allowed))))
