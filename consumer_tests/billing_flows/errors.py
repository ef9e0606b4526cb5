"""What a flow could not do. Errors of the API that a flow does not explain come as the client raised them.

FlowError
+-- UsageRefusedError        readings that conflict or were rejected
+-- CalculationFailedError   a calculation or a batch that ended FAILED
+-- NotEndedError            a job, or a doubt about a payment, that outlasted the patience
+-- NotPreparableError       a statement that can never be REGISTERED again
+-- PaymentDeclinedError     the payment gateway declined
+-- PaymentInDoubtError      it is not known whether the money moved
+-- MismatchError            what was paid is not what was billed
"""

from attrs import frozen


class FlowError(Exception):
    """A flow that did not reach its end."""


@frozen
class Fault:
    """One thing that is wrong. `where` names it: a JSON pointer of the API, or the id of a reading."""

    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}" if self.where else self.detail


class FaultyError(FlowError):
    """A flow that can say what is wrong, fault by fault."""

    def __init__(self, what: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__("; ".join([what, *map(str, faults)]))
        self.faults = faults


class UsageRefusedError(FaultyError):
    """Readings were refused; the others of their batch are stored, unless all were refused."""


class CalculationFailedError(FaultyError):
    """A job ended FAILED; what it would have written is as it was before."""


class NotEndedError(FlowError):
    """Time was over; what was waited for may still end."""


class NotPreparableError(FlowError):
    """The statement is in a state that nothing leads out of."""


class PaymentDeclinedError(FlowError):
    """The statement stays READY, and nothing was charged."""


class PaymentInDoubtError(FlowError):
    """Nobody may charge again before the doubt is resolved; the same payment with the same name resolves it."""


class MismatchError(FaultyError):
    """Payment, statement and receipt do not agree."""
