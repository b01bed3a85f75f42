;; Exports a version of the interface that this host does not know.
(component
  (component $nothing)
  (instance $policy (instantiate $nothing))
  (export "weir:interceptor/policy@0.2.0" (instance $policy)))
