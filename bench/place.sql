-- One order placed, for pgbench: what commerce says to PostgreSQL for POST /v1/orders, in one transaction of two round trips and
-- with rows of the same size. `n` counts the orders of one client; `k` is unique over clients and rounds, and grows as time-ordered ids do.
\set n :n + 1
\set k (:run * 1000000000 + :n) * 64 + :client_id

\startpipeline
BEGIN ISOLATION LEVEL READ COMMITTED;
INSERT INTO idempotency_keys (principal, key, fingerprint, created_at, leased_until)
    SELECT 'usr_' || :client_id::text,
        CASE WHEN pg_try_advisory_xact_lock(hashtextextended('idempotency usr_ order-' || :k::text, 0)) THEN 'order-' || :k::text END,
        repeat('f', 64), now(), now() + interval '1 minute';
SELECT *, (SELECT jsonb_agg(to_jsonb(promo_codes)) FROM promo_codes
        WHERE promo_codes.event_id = :event::uuid AND promo_codes.code IS NULL AND NOT promo_codes.disabled),
    (SELECT to_jsonb(promo_codes) FROM promo_codes WHERE promo_codes.event_id = :event::uuid AND promo_codes.code = 'NONE')
    FROM events LEFT JOIN organizations ON organizations.id = events.organization_id
    LEFT JOIN event_sale_settings ON event_sale_settings.event_id = events.id
    LEFT JOIN ticket_tiers ON ticket_tiers.event_id = events.id AND ticket_tiers.id = :tier::uuid
    LEFT JOIN tier_sale_settings ON tier_sale_settings.ticket_tier_id = ticket_tiers.id
    LEFT JOIN stock ON stock.ticket_tier_id = ticket_tiers.id WHERE events.id = :event::uuid;
\endpipeline
\startpipeline
WITH new_order AS (
    INSERT INTO orders (id, version, event_id, event_name, organization_id, buyer_user_id, buyer_email, status, disputed, holding,
        total, currency, discount, tax, service_fee, platform_fee, platform_fee_passed_on, prices_include_tax, rounding, captured,
        refunded, origin, capture, reserved_until, page_token, traceparent, placed_at)
    VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, 1, :event::uuid, 'Highlife Live 000000000000', :organization::uuid,
        lpad(to_hex(:client_id::bigint), 32, '0')::uuid, 'buyer0.000000000000@example.org', 'awaiting_payment', false, 'held',
        5000, 'NGN', 0, 0, 0, 0, false, true, 'line', 0, 0, 'buyer', 'automatic', now() + interval '15 minutes',
        lpad(to_hex(:k::bigint), 22, '0'), repeat('0', 55), now())
), new_lines AS (
    INSERT INTO order_lines (id, order_id, place, ticket_tier_id, ticket_tier_name, unit_amount, discount, tax_rate, tax, gross)
    VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, lpad(to_hex(:k::bigint), 32, '0')::uuid, 0, :tier::uuid, 'Bench', 5000, 0, 0, 0,
        5000)
)
INSERT INTO admissions (line_id, ordinal, attendee_name) VALUES (lpad(to_hex(:k::bigint), 32, '0')::uuid, 1, 'Attendee');
UPDATE idempotency_keys SET leased_until = NULL, status = 201, media_type = 'application/json', body = repeat('a', 1600)
    WHERE principal = 'usr_' || :client_id::text AND key = 'order-' || :k::text;
INSERT INTO outbox (message_id, subject, type, aggregate_id, sequence, body, traceparent, created_at)
    VALUES (uuidv7(), 'order.placed', 'order.placed.v1', repeat('o', 30), 1, repeat('b', 1300), repeat('0', 55), now())
    RETURNING position;
WITH expected AS (
    UPDATE stock SET held = held + 1 WHERE ticket_tier_id = :tier::uuid AND capacity = 100000000 AND held + sold + 1 <= 89999999
        AND word = 'available' AND waiting = 0 AND NOT shared RETURNING 1
) SELECT 1 / count(*) FROM expected;
COMMIT;
\endpipeline
