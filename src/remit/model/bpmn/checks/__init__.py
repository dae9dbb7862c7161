"""Deployment rules that reach over several elements (reference 3.12): one module per group.

`remit.model.bpmn.checking` applies them, together with the checks of the elements themselves.
"""
