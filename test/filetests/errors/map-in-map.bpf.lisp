;; test errors
(defmap small :type :array :key-size 4 :value-size 8 :max-entries 2)
(defmap large :type :array :key-size 4 :value-size 8 :max-entries 4)
(defmap no-inner :type :array-of-maps :key-size 4 :max-entries 2)
;; error@4:1[missing-option]: needs `:inner`
(defmap wrong-kind :type :hash :key-size 4 :value-size 4 :max-entries 2 :inner small)
;;                                                                      ^^^^^^ error[bad-option]: holds no maps
(defmap unlike :type :array-of-maps :key-size 4 :max-entries 2 :inner small :values (small large))
;;                                                                                         ^^^^^ error[bad-map]: 4 entries; expected an array map, 4-byte keys, 8-byte values, 2 entries
(defmap too-many :type :array-of-maps :key-size 4 :max-entries 1 :inner small :values (small small))
;;                                                                                    ^^^^^^^^^^^^^ error[bad-map]: 2 values
(defmap nested :type :array-of-maps :key-size 4 :max-entries 1 :inner unlike)
;;                                                                    ^^^^^^ error[bad-map]: cannot be in another map
(defmap unknown :type :array-of-maps :key-size 4 :max-entries 1 :inner smal)
;;                                                                     ^^^^ error[unknown-map]: did you mean `small`
(defmap odd-inner :type :array-of-maps :key-size 4 :max-entries 1 :inner 7)
;;                                                                       ^ error[bad-option]: name of a map or a list
(defmap stages :type :prog-array :key-size 4 :max-entries 3 :values (one missing other))
;;                                                                       ^^^^^^^ error[unbound-variable]: no program
;;                                                                               ^^^^^ error[bad-map]: all programs of a prog-array have one type
(defmap no-values :type :array :key-size 4 :value-size 8 :max-entries 2 :values (small))
;;                                                                      ^^^^^^^ error[bad-option]: no `:values`
(defmap wide-keys :type :hash-of-maps :key-size 8 :max-entries 2 :inner small :values (small))
;;                                                                                    ^^^^^^^ error[bad-map]: keys of 4 bytes
(defmap stores :type :task-storage :key-size 4 :value-size 8 :max-entries 2 :map-flags 1)
;;                                                                        ^ error[bad-map]: `:max-entries` is 0

(defprog one (:type :xdp) 1)
(defprog other (:type :socket-filter) 1)
