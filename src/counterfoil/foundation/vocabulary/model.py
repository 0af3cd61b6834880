"""What the table of words is made of: languages, kinds of entries, owners, and one entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from counterfoil.foundation.vocabulary.articles import article_of


class Language(StrEnum):
    """A language that everything shown to people exists in."""

    ZH = "zh"
    EN = "en"


class Kind(StrEnum):
    """Which list a code belongs to. A code is unique within its kind; two kinds may share one."""

    REFUSAL = "refusal"
    CAUSE = "cause"
    ERROR = "error"
    # What exactly is wrong with an input: the detail of a `bad_request`.
    INPUT_PROBLEM = "input_problem"
    REQUEST_STATE = "request_state"
    ATTEMPT_STATE = "attempt_state"
    CHARGE_MARK = "charge_mark"
    TASK_STATE = "task_state"
    TASK_KIND = "task_kind"
    # Who told us of a step in a task's history.
    TASK_SOURCE = "task_source"
    DOWNLOAD_STATE = "download_state"
    # What a task was made from.
    INPUT_TYPE = "input_type"
    # What one copy of a submission is.
    VERDICT = "verdict"
    HOLD_STATE = "hold_state"
    HOLD_REASON = "hold_reason"
    GRANT_STATE = "grant_state"
    GRANT_KIND = "grant_kind"
    ACCOUNT_STATE = "account_state"
    GROUP_STATE = "group_state"
    KEY_STATE = "key_state"
    TRANSFER_CODE = "transfer_code"
    LEDGER_ACCOUNT = "ledger_account"
    CHECK_SCOPE = "check_scope"
    LIMIT_WINDOW = "limit_window"
    LIMIT_UNIT = "limit_unit"
    # Where an ask for more than a limit allows is.
    LIMIT_ASK_STATE = "limit_ask_state"
    MODEL_TIER = "model_tier"
    DUPLICATE_POLICY = "duplicate_policy"
    CODE_STATE = "code_state"
    ORDER_STATE = "order_state"
    # Who told us of a change of an order.
    ORDER_SOURCE = "order_source"
    # What somebody must look at, and what to do about it.
    ORDER_ATTENTION = "order_attention"
    # A step of an order's history.
    ORDER_EVENT = "order_event"
    # What became of a provider's notice.
    NOTICE_OUTCOME = "notice_outcome"
    REFUND_STATE = "refund_state"
    DISPUTE_STATE = "dispute_state"
    PROVIDER_KIND = "provider_kind"
    # Where the request for an invoice (发票) is.
    INVOICE_STATE = "invoice_state"
    APPROVAL_STATE = "approval_state"
    # What can be approved.
    APPROVAL_ACTION = "approval_action"
    # Who decides: one person or two.
    APPROVAL_POLICY = "approval_policy"
    # What people are told without asking: the label is the subject line, filled in with facts.
    NOTIFICATION = "notification"
    # What happened and what is true now, for the same code; the explanation is when it is sent.
    NOTIFICATION_TEXT = "notification_text"
    CHANNEL_STATE = "channel_state"
    # Whether a notification has reached one of those who are to hear it.
    DELIVERY_STATE = "delivery_state"
    # What came of one try to deliver it.
    DELIVERY_OUTCOME = "delivery_outcome"
    OUTPUT_POLICY = "output_policy"
    # Whether things that somebody names lead to one account, and what can be named.
    SAME_ACCOUNT_VERDICT = "same_account_verdict"
    ACCOUNT_CLAIM = "account_claim"
    # Evidence bundles: parts, for whom, records, what is left out, what does not hold, what is proved and what cannot be.
    BUNDLE_PART = "bundle_part"
    BUNDLE_VIEW = "bundle_view"
    RECORD_KIND = "record_kind"
    BUNDLE_OMISSION = "bundle_omission"
    BUNDLE_FAULT = "bundle_fault"
    BUNDLE_PROOF = "bundle_proof"
    PROBLEM_CLASS = "problem_class"
    # What can be found about a question of money: in general, with its numbers (the label is filled in), and what would
    # have had to be different.
    FINDING = "finding"
    FINDING_TEXT = "finding_text"
    FINDING_OTHERWISE = "finding_otherwise"
    # Where money went: the steps from an opening to its closing, what charges are broken down by, and the parts of what
    # left a balance.
    WATERFALL_STEP = "waterfall_step"
    WATERFALL_BY = "waterfall_by"
    SPENDING_PART = "spending_part"
    EVIDENCE_FIELD = "evidence_field"
    # What does not match in reconciliation, where that is, a step of it, and what can be done about it.
    BREAK_CLASS = "break_class"
    BREAK_STATE = "break_state"
    BREAK_EVENT = "break_event"
    BREAK_ACTION = "break_action"
    # Where a run of a day is, and why it proves nothing.
    RUN_STATE = "run_state"
    RUN_REASON = "run_reason"
    # Why a line of a statement could not be read; what sends statements; what is held against what.
    REJECT_REASON = "reject_reason"
    STATEMENT_SOURCE = "statement_source"
    BOOK = "book"
    # The support desk: where a case is, a step of it, how it was settled, how well a record agrees with what was reported,
    # how soon it is wanted, and how it came in.
    CASE_STATE = "case_state"
    CASE_EVENT = "case_event"
    CASE_RESOLUTION = "case_resolution"
    AGREEMENT = "agreement"
    CASE_PRIORITY = "case_priority"
    CASE_CHANNEL = "case_channel"
    # The handbook: what a page is for, and what its checks hold: the label says what is wrong, filled in.
    ARTICLE_KIND = "article_kind"
    ARTICLE_RULE = "article_rule"
    OWNER = "owner"
    # What a member is on their account, what somebody does for the operator, and what either may do: of a permission, the
    # code is its name with underscores.
    ROLE = "role"
    STAFF_ROLE = "staff_role"
    PERMISSION = "permission"
    PERSON_STATE = "person_state"
    INVITATION_STATE = "invitation_state"
    # What people do to people, as the audit trail says it.
    AUDIT_EVENT = "audit_event"
    # A mail about signing in: the label is its subject line, filled in.
    MAIL = "mail"
    # A part of a page: the label is its heading, the explanation its paragraph.
    PAGE = "page"
    # The label is on the button, the explanation is its hint.
    BUTTON = "button"
    # The name of a number, a column or a row, on pages and in the terminal; the explanation is its hint.
    WORD = "word"


class Owner(StrEnum):
    """Who can act on it."""

    CUSTOMER = "customer"
    TEAM_ADMIN = "team_admin"
    SUPPORT = "support"
    OPERATIONS = "operations"
    FINANCE = "finance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same text in every language. `{name}` marks a place that `text()` fills in."""

    zh: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What a person does now: look here, change this, and undo it like so."""

    where_to_look: Text
    what_to_change: Text
    how_to_go_back: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing a person may be shown. `public` says whether also to people who have not signed in."""

    kind: Kind
    code: str
    label: Text
    explanation: Text
    next_step: NextStep
    owner: Owner
    public: bool = True

    @property
    def article(self) -> str:
        """The address of the handbook's page that explains it."""
        return article_of(self.kind, self.code, public=self.public)
