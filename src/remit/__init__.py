"""Remit: a durable, governed workflow engine for BPMN, DMN and CMMN."""

__version__ = "0.1.0"
