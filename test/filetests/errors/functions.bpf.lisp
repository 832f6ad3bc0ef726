;; test errors
;; Functions: found when all bodies are known.
(defsubprog even ((n u32)) u32 (if (= n 0) 1 (odd (- n 1))))
(defsubprog odd ((n u32)) u32 (if (= n 0) 0 (even (- n 1))))
;; error@3:13[recursive-call]: calls itself
(defsubprog where ((n u32)) u32 (ctx data))
;;                              ^^^^^^^^^^ error[pointer-misuse]: has no context
(defsubprog number ((n u32)) u32 n)
(defsubprog context ((c ctx)) u32 (ctx ingress-ifindex))
(defmap m :type :array :key-size 4 :value-size 8 :max-entries 2)

(defprog p (:type :xdp)
  (number (map-lookup m 0))
;;        ^^^^^^^^^^^^^^^^ error[pointer-misuse]: is a number; this is a pointer
  (context 3)
;;         ^ error[pointer-misuse]: must be the context
  (+ (even 3) (where 1)))
