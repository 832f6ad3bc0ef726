;;; Sends TCP connections to a service's address to where it runs, and remembers where they wanted to go.

(defstruct service (addr u32) (port u16) (protocol u16))
(defstruct place (addr u32) (port u32))

(defmap services :type :hash :key-type service :value-type place :max-entries 4096)
(defmap originals :type :lru-hash :key-type u64 :value-type place :max-entries 4096)
(defmap connect-stats :type :array :key-type u32 :value-type u64 :max-entries 2)

(defprog connect-redirect (:type :cgroup-sock-addr :section "cgroup/connect4")
  (when (= (ctx type) 1)                ; SOCK_STREAM
    (let ((key (make-service)))
      (setf (service-addr key) (ctx user-ip4)
            (service-port key) (cast u16 (ctx user-port))
            (service-protocol key) (cast u16 (ctx protocol)))
      (if-let (place (getmap services key))
        (let ((original (make-place)))
          (setf (place-addr original) (ctx user-ip4)
                (place-port original) (ctx user-port)
                (getmap originals (get-socket-cookie (ctx-ptr))) original
                (ctx user-ip4) (place-addr place)
                (ctx user-port) (place-port place))
          (incf (getmap connect-stats 1)))
        (incf (getmap connect-stats 0)))))
  1)
