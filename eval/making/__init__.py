"""Suites made from a collection: questions whose answers are verified spans, and what it must refuse."""

from eval.making.make import Made, make_suite

__all__ = ["Made", "make_suite"]
