"""The store's migrations, in order. One that was released is never edited."""

OVERLAYS = """
    CREATE TABLE overlays (
        tenant TEXT NOT NULL, id TEXT NOT NULL, "limit" TEXT NOT NULL, identity TEXT NOT NULL,
        rate REAL NOT NULL, burst INTEGER NOT NULL, reason TEXT NOT NULL, finding TEXT NOT NULL,
        created_at REAL NOT NULL, expires_at REAL NOT NULL,
        PRIMARY KEY (tenant, "limit", identity)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE versions (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE leases (
        tenant TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE loops (
        tenant TEXT PRIMARY KEY, paused INTEGER NOT NULL, reason TEXT NOT NULL, changed_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE proxies (
        tenant TEXT NOT NULL, name TEXT NOT NULL, revision TEXT NOT NULL,
        overlays_version INTEGER NOT NULL, seen_at REAL NOT NULL,
        PRIMARY KEY (tenant, name)
    ) STRICT, WITHOUT ROWID;
    """

# Recommendations and jobs are documents (JSON of the kernel's structs) beside the columns that are asked for.
DECISIONS = """
    CREATE TABLE revisions (
        tenant TEXT NOT NULL, number INTEGER NOT NULL, revision TEXT NOT NULL, parent TEXT NOT NULL,
        text TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created_at REAL NOT NULL,
        PRIMARY KEY (tenant, number)
    ) STRICT;
    CREATE TABLE seeds (tenant TEXT PRIMARY KEY, revision TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE proposals (
        tenant TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, changed_at REAL NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (tenant, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE jobs (
        tenant TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, holder TEXT NOT NULL,
        created_at REAL NOT NULL, changed_at REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, at REAL NOT NULL, author TEXT NOT NULL,
        what TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    CREATE TABLE labels (
        tenant TEXT NOT NULL, finding TEXT NOT NULL, identity TEXT NOT NULL, label TEXT NOT NULL,
        reason TEXT NOT NULL, author TEXT NOT NULL, created_at REAL NOT NULL,
        PRIMARY KEY (tenant, finding, identity)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE markers (
        number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
        text TEXT NOT NULL, author TEXT NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
        digest TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE revoked_keys (
        tenant TEXT NOT NULL, sha256 TEXT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL,
        revoked_at REAL NOT NULL, PRIMARY KEY (tenant, sha256)
    ) STRICT, WITHOUT ROWID;
    """

# Routine: what a program does by itself, again and again; counted in one entry.
ROUTINE = """
    ALTER TABLE audit ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE audit ADD COLUMN until REAL NOT NULL DEFAULT 0;
    ALTER TABLE audit ADD COLUMN routine INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX audit_routine ON audit (tenant, routine, author, what, object, number);
    """

# What was approved stays when the recommendation is proposed again. Approvals of before are taken over.
APPROVALS = """
    CREATE TABLE approvals (
        tenant TEXT NOT NULL, recommendation TEXT NOT NULL, decided_at REAL NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (tenant, recommendation, decided_at)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO approvals
    SELECT tenant, id, json_extract(body, '$.approval.decided_at'), json_object(
        'recommendation', id,
        'kind', json_extract(body, '$.recommendation.kind'),
        'route', json_extract(body, '$.recommendation.route'),
        'title', json_extract(body, '$.recommendation.title'),
        'rules', json_extract(body, '$.recommendation.rules'),
        'patch', '',
        'approval', json_extract(body, '$.approval'),
        'realised', json_extract(body, '$.realised'),
        'ended_at', iif(state = 'approved', 0.0, changed_at),
        'why', iif(state = 'expired', 'its time was over', '')
    )
    FROM proposals WHERE json_extract(body, '$.approval') IS NOT NULL;
    CREATE INDEX proposals_by_state ON proposals (tenant, state, changed_at);
    """

# What the policy file's last change undid of what was decided (JSON of kernel.control.Undone).
UNDONE = "ALTER TABLE seeds ADD COLUMN undone TEXT NOT NULL DEFAULT '{}';"

MIGRATIONS: tuple[str, ...] = (OVERLAYS, DECISIONS, ROUTINE, APPROVALS, UNDONE)
