"""What happened, one frozen value per recorded thing, in order. Made from a trace; knows nothing of tests."""

from unspan_inverter.events.kinds import (
    CacheUsed,
    Column,
    Event,
    Exchange,
    Executed,
    FileUsed,
    HttpAnswered,
    Logged,
    MailSent,
    OnCommit,
    RowsDeleted,
    RowsInserted,
    RowsRead,
    RowsSupported,
    RowsUpdated,
    SettingsRead,
    Signed,
    StatementFailed,
    TapeRead,
    TaskHanded,
    TestCharset,
    TransactionStep,
    WriteRefused,
)
from unspan_inverter.events.reading import events, exchange

__all__ = [
    "CacheUsed", "Column", "Event", "Exchange", "Executed", "FileUsed", "HttpAnswered", "Logged", "MailSent", "OnCommit", "RowsDeleted", "RowsInserted", "RowsRead", "RowsSupported",
    "RowsUpdated", "SettingsRead", "Signed", "StatementFailed", "TapeRead", "TaskHanded", "TestCharset", "TransactionStep", "WriteRefused", "events", "exchange",
]  # fmt: skip
