;; test errors
(defkfunc bpf-rcu-read-lock () void)
(defprog locked (:type :xdp :license "Proprietary")
  (bpf-rcu-read-lock)
;;^^^^^^^^^^^^^^^^^^^ error[gpl-only-helper]: GPL-compatible
  XDP_PASS)
