"""Deployment rules (reference 3.12) that reach over several elements: one module per group.

`remit.model.bpmn.checking` applies them, together with the checks of the elements themselves.
"""
