using System.Globalization;
using System.Security.Cryptography;
using Danmaku.Core.Storage;

namespace Danmaku.Storage.Sqlite;

/// <summary>The tables of a file, and the steps that make them from those of an earlier version.</summary>
internal static class SqliteSchema
{
    /// <summary>The step from each version to the next. The first makes version 1 in an empty file.</summary>
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE store (id TEXT NOT NULL) STRICT;

        -- last: of the newest danmaku ever, or the beginning of the first epoch. start: after it nothing is missing.
        CREATE TABLE rooms (
            room TEXT PRIMARY KEY,
            epoch INTEGER NOT NULL,
            last_epoch INTEGER NOT NULL,
            last_offset INTEGER NOT NULL,
            last_time INTEGER NOT NULL,
            start_epoch INTEGER NOT NULL,
            start_offset INTEGER NOT NULL,
            opened_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX rooms_opened_at ON rooms (opened_at);

        CREATE TABLE epochs (
            room TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            previous_epoch INTEGER NOT NULL,
            previous_offset INTEGER NOT NULL,
            PRIMARY KEY (room, epoch)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE log (
            room TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            "offset" INTEGER NOT NULL,
            time INTEGER NOT NULL,
            author TEXT NOT NULL,
            text TEXT NOT NULL,
            mode INTEGER NOT NULL,
            color INTEGER NOT NULL,
            size INTEGER NOT NULL,
            at INTEGER,
            post_id BLOB NOT NULL,
            PRIMARY KEY (room, epoch, "offset")
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX log_time ON log (time);
        """,
        """
        -- Parts of histories that were withdrawn, with the revision that they have since.
        CREATE TABLE revisions (
            room TEXT NOT NULL,
            number INTEGER NOT NULL,
            from_epoch INTEGER NOT NULL,
            from_offset INTEGER NOT NULL,
            through_epoch INTEGER NOT NULL,
            through_offset INTEGER NOT NULL,
            PRIMARY KEY (room, number)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- See SchemaVersion.
        ALTER TABLE store ADD COLUMN compatible INTEGER NOT NULL DEFAULT 3;
        """,
        """
        -- Secrets of the deployment, such as the key by which people are known.
        CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
        """,
        """
        -- Who said it, what that person was, and what an entry takes back. An earlier release reads a recall as a danmaku without a text.
        ALTER TABLE log ADD COLUMN user_id BLOB;
        ALTER TABLE log ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE log ADD COLUMN recall BLOB;
        """,
    ];

    /// <summary>Brings a file to this version.</summary>
    /// <param name="file">Its name, for people.</param>
    /// <returns>The store's id.</returns>
    /// <exception cref="StoreRefusedException">The file is of a later version, see <see cref="SchemaVersion"/>.</exception>
    public static string Migrate(SqliteSession session, string file)
    {
        session.Execute("BEGIN IMMEDIATE");
        var version = Convert.ToInt32(session.Scalar("PRAGMA user_version"), CultureInfo.InvariantCulture);
        if (version > Steps.Length)
        {
            var compatible = Convert.ToInt32(session.Scalar("SELECT compatible FROM store"), CultureInfo.InvariantCulture);
            SchemaVersion.Check(file, version, compatible, Steps.Length, "run that release, or give this node another data directory.");
        }

        var isOlder = version < Steps.Length;
        for (; version < Steps.Length; version++)
        {
            session.Execute(Steps[version]);
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
        }

        session.Execute(
            "INSERT INTO store (id) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM store)", RandomNumberGenerator.GetHexString(32, lowercase: true));
        if (isOlder)
        {
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"UPDATE store SET compatible = {SchemaVersion.Compatible}"));
        }

        var id = (string)session.Scalar("SELECT id FROM store")!;
        session.Execute("COMMIT");
        return id;
    }
}
