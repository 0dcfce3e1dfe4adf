-- One order from placing to paid, for pgbench: what commerce (with its sandbox provider) says to PostgreSQL, in the same
-- number of transactions, with rows of the same size. Left out are the pings of its connection pool, looking for work
-- where there is none, and the relay; a batch commerce would take at once is taken one by one.
-- `n` counts the orders of one client; `k` is unique over clients and rounds, and grows as time-ordered ids do.
\set n :n + 1
\set k (:run * 1000000000 + :n) * 64 + :client_id

-- POST /v1/orders
BEGIN;
INSERT INTO idempotency_keys (principal, key, fingerprint, created_at, leased_until)
    SELECT 'usr_' || :client_id::text,
        CASE WHEN pg_try_advisory_xact_lock(hashtextextended('idempotency usr_ order-' || :k::text, 0)) THEN 'order-' || :k::text END,
        repeat('f', 64), now(), now() + interval '1 minute';
SELECT * FROM events LEFT JOIN ticket_tiers ON ticket_tiers.event_id = events.id AND ticket_tiers.id = :tier::uuid
    LEFT JOIN stock ON stock.ticket_tier_id = ticket_tiers.id WHERE events.id = :event::uuid;
WITH new_order AS (
    INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, status, disputed, holding,
        total, currency, reserved_until, page_token, traceparent, placed_at)
    VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, 1, :event::uuid, 'Highlife Live 000000000000', :organization::uuid,
        lpad(to_hex(:client_id::bigint), 32, '0')::uuid, 'buyer0.000000000000@example.org', 'awaiting_payment', false, 'held',
        5000, 'NGN', now() + interval '15 minutes', lpad(to_hex(:k::bigint), 22, '0'), repeat('0', 55), now())
), new_lines AS (
    INSERT INTO order_lines (id, order_id, place, ticket_tier_id, ticket_tier_name, unit_amount)
    VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, lpad(to_hex(:k::bigint), 32, '0')::uuid, 0, :tier::uuid, 'Bench', 5000)
)
INSERT INTO admissions (line_id, ordinal, attendee_name) VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, 1, 'Attendee 000000');
UPDATE idempotency_keys SET leased_until = NULL, status = 201, media_type = 'application/json', body = repeat('a', 796)
    WHERE principal = 'usr_' || :client_id::text AND key = 'order-' || :k::text;
INSERT INTO outbox (message_id, subject, type, aggregate_id, sequence, body, traceparent, created_at)
    VALUES (uuidv7(), 'order.placed', 'order.placed.v1', repeat('o', 30), 1, repeat('b', 877), repeat('0', 55), now()) RETURNING position;
WITH expected AS (
    UPDATE stock SET held = held + 1 WHERE ticket_tier_id = :tier::uuid AND capacity = 100000000 AND held + sold + 1 <= 89999999
        AND word = 'available' AND waiting = 0 AND NOT shared RETURNING 1
) SELECT 1 / count(*) FROM expected;
COMMIT;

-- POST /v1/orders/{orderId}/payments: record the intent.
BEGIN;
INSERT INTO idempotency_keys AS known (principal, key, fingerprint, created_at, leased_until)
    SELECT 'usr_' || :client_id::text, 'pay-' || :k::text, repeat('f', 64), now(), now() + interval '1 minute'
    WHERE pg_try_advisory_xact_lock(hashtextextended('idempotency usr_ pay-' || :k::text, 0))
    ON CONFLICT ON CONSTRAINT pk_idempotency_keys DO UPDATE SET fingerprint = excluded.fingerprint,
        created_at = excluded.created_at, leased_until = excluded.leased_until, status = NULL, media_type = NULL, body = NULL
    WHERE known.created_at < now() - interval '1 day'
       OR (known.status IS NULL AND known.leased_until < now() AND known.fingerprint = excluded.fingerprint) RETURNING key;
SELECT id FROM orders WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid FOR UPDATE;
SELECT *, (SELECT jsonb_agg(jsonb_build_array(id::text, ticket_tier_id::text, ticket_tier_name, unit_amount,
    (SELECT jsonb_agg(jsonb_build_array(ordinal, attendee_name, attendee_email, live, admitted_at) ORDER BY ordinal)
        FROM admissions WHERE line_id = order_lines.id)) ORDER BY place) FROM order_lines WHERE order_id = orders.id)
    FROM orders WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
SELECT * FROM events WHERE id = :event::uuid;
SELECT * FROM payments WHERE order_id = lpad(to_hex(:k::bigint), 32, '0')::uuid AND provider = 'sandbox' AND status IN ('created', 'pending')
    ORDER BY id DESC LIMIT 1;
SELECT * FROM payments WHERE order_id = lpad(to_hex(:k::bigint), 32, '0')::uuid ORDER BY id;
INSERT INTO payments (id, version, order_id, provider, status, amount, currency, created_at, next_check_at)
    VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, 1, lpad(to_hex(:k::bigint), 32, '0')::uuid, 'sandbox', 'created', 5000, 'NGN', now(),
        now() + interval '30 seconds');
COMMIT;
-- The provider makes its own record.
BEGIN;
INSERT INTO sandbox_payments (id, payment_id, order_id, amount, currency, status, return_path, made_at)
    VALUES ('sbx_' || lpad(to_hex(:k::bigint), 24, '0'), lpad(to_hex(:k::bigint), 32, '0')::uuid, lpad(to_hex(:k::bigint), 32, '0')::uuid,
        5000, 'NGN', 'open', repeat('/', 25), now()) ON CONFLICT ON CONSTRAINT uq_sandbox_payments_payment_id DO NOTHING;
SELECT * FROM sandbox_payments WHERE payment_id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
COMMIT;
-- Its answer is recorded.
BEGIN;
SELECT id FROM orders WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid FOR UPDATE;
SELECT *, (SELECT jsonb_agg(jsonb_build_array(id::text, ticket_tier_id::text, ticket_tier_name, unit_amount,
    (SELECT jsonb_agg(jsonb_build_array(ordinal, attendee_name, attendee_email, live, admitted_at) ORDER BY ordinal)
        FROM admissions WHERE line_id = order_lines.id)) ORDER BY place) FROM order_lines WHERE order_id = orders.id)
    FROM orders WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
SELECT * FROM payments WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
UPDATE payments SET version = 2, status = 'pending', reference = 'sbx_' || lpad(to_hex(:k::bigint), 24, '0'),
    checkout_url = repeat('u', 73), next_check_at = now() + interval '2 minutes' WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
COMMIT;
-- The buyer gets it, and so will a repetition.
BEGIN;
UPDATE idempotency_keys SET leased_until = NULL, status = 201, media_type = 'application/json', body = repeat('a', 221)
    WHERE principal = 'usr_' || :client_id::text AND key = 'pay-' || :k::text;
COMMIT;

-- POST /v1/sandbox/payments/{paymentId}: the provider is told to let it succeed, and queues its webhook.
BEGIN;
SELECT * FROM sandbox_payments WHERE payment_id = lpad(to_hex(:k::bigint), 32, '0')::uuid FOR UPDATE;
UPDATE sandbox_payments SET status = 'succeeded' WHERE id = 'sbx_' || lpad(to_hex(:k::bigint), 24, '0');
INSERT INTO sandbox_notices (key, body, made_at, next_attempt_at)
    VALUES ('sbxevt_' || lpad(to_hex(:k::bigint), 38, '0'), repeat('c', 127), now(), now())
    ON CONFLICT ON CONSTRAINT uq_sandbox_notices_key DO UPDATE SET attempts = 0, next_attempt_at = now() RETURNING id AS notice \gset
COMMIT;
-- It is taken up to be sent …
BEGIN;
UPDATE sandbox_notices SET attempts = attempts + 1, next_attempt_at = now() + interval '30 seconds'
    WHERE id IN (SELECT id FROM sandbox_notices WHERE id = :notice::bigint AND next_attempt_at <= now() FOR UPDATE SKIP LOCKED) RETURNING *;
COMMIT;
-- … and arrives: POST /v1/payments/webhooks/sandbox.
BEGIN;
INSERT INTO payment_webhooks (provider, event_key, reference, body, traceparent, received_at, next_attempt_at)
    VALUES ('sandbox', 'sbxevt_' || lpad(to_hex(:k::bigint), 38, '0'), 'sbx_' || lpad(to_hex(:k::bigint), 24, '0'),
        convert_to(repeat('c', 127), 'UTF8'), repeat('0', 55), now(), now())
    ON CONFLICT ON CONSTRAINT uq_payment_webhooks_event_key DO NOTHING RETURNING id AS webhook \gset
COMMIT;
-- The provider notes that it was taken.
BEGIN;
UPDATE sandbox_notices SET next_attempt_at = NULL, last_answer = '200' WHERE id = :notice::bigint;
COMMIT;

-- The webhook is taken up, the provider is asked, and what it says takes effect.
BEGIN;
UPDATE payment_webhooks SET attempts = attempts + 1, next_attempt_at = now() + interval '1 minute'
    WHERE id IN (SELECT id FROM payment_webhooks WHERE id = :webhook::bigint AND next_attempt_at <= now() FOR UPDATE SKIP LOCKED) RETURNING *;
COMMIT;
BEGIN;
SELECT * FROM sandbox_payments WHERE id = 'sbx_' || lpad(to_hex(:k::bigint), 24, '0');
COMMIT;
BEGIN;
SELECT * FROM payments WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
SELECT id FROM orders WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid FOR UPDATE;
SELECT *, (SELECT jsonb_agg(jsonb_build_array(id::text, ticket_tier_id::text, ticket_tier_name, unit_amount,
    (SELECT jsonb_agg(jsonb_build_array(ordinal, attendee_name, attendee_email, live, admitted_at) ORDER BY ordinal)
        FROM admissions WHERE line_id = order_lines.id)) ORDER BY place) FROM order_lines WHERE order_id = orders.id)
    FROM orders WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
SELECT * FROM payments WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
SELECT * FROM events WHERE id = :event::uuid;
UPDATE orders SET version = 2, status = 'paid', disputed = false, holding = 'sold', reserved_until = NULL, paid_at = now()
    WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
UPDATE payments SET version = 3, status = 'succeeded', settled_at = coalesce(settled_at, now()), next_check_at = NULL
    WHERE id = lpad(to_hex(:k::bigint), 32, '0')::uuid;
INSERT INTO ledger_transfers (order_id, payment_id, organization_id, provider, kind, debit, credit, amount, currency, made_at)
    VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, lpad(to_hex(:k::bigint), 32, '0')::uuid, :organization::uuid, 'sandbox', 'charge',
        'provider_receivable', 'organiser_payable', 5000, 'NGN', now()) RETURNING id;
UPDATE stock SET held = held - 1, sold = sold + 1 WHERE ticket_tier_id = :tier::uuid;
UPDATE event_capacity SET held = held - 1, sold = sold + 1 WHERE event_id = :event::uuid;
UPDATE payment_webhooks SET next_attempt_at = NULL, handled_at = now(), outcome = 'complete' WHERE id = :webhook::bigint;
INSERT INTO outbox (message_id, subject, type, aggregate_id, sequence, body, traceparent, created_at)
    VALUES (uuidv7(), 'order.paid', 'order.paid.v1', repeat('o', 30), 2, repeat('b', 890), repeat('0', 55), now()) RETURNING position;
COMMIT;
