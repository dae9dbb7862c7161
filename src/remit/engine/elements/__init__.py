"""One module per BPMN element: how it opens, leaves and closes. The life cycle is elsewhere."""
