-- Rows of a database whose newest migration is 0004: what every later schema must keep readable.

INSERT INTO public.alert (alert_id, station_id, basis, opened_at, closed_at, state, highest_state, evidence, acknowledged_at, acknowledged_by, comment) OVERRIDING SYSTEM VALUE VALUES (1, 'VES_VERVIERS', 'forecast', '2021-07-14 00:15:00+00', NULL, 'alert', 'alert', '{"probability": 0.5}', NULL, NULL, NULL);
INSERT INTO public.dead_letter (dead_letter_id, received_at, device_id, topic, payload, reason, detail, accounted) OVERRIDING SYSTEM VALUE VALUES (1, '2021-07-14 00:00:00+00', NULL, 'hydronum/v1/wallonia/X/readings', '\x7b', 'malformed', 'no JSON', false);
INSERT INTO public.dead_letter_count (reason, accounted, letters) VALUES ('malformed', false, 1);
INSERT INTO public.device (device_id) VALUES ('VES_VERVIERS');
INSERT INTO public.device_station (device_id, station_id) VALUES ('VES_VERVIERS', 'VES_VERVIERS');
INSERT INTO public.device_stream (stream_id, device_id, boot_id, high_water, messages, committed_at) OVERRIDING SYSTEM VALUE VALUES (1, 'VES_VERVIERS', 'b1', 2, 3, '2021-07-14 00:15:00+00');
INSERT INTO public.forecast_run (run_id, issued_at, kind, scheme, label, members, seed, code_version, configuration_hash, lead_minutes, quantile_levels, water_balance_error) OVERRIDING SYSTEM VALUE VALUES (1, '2021-07-14 00:00:00+00', 'ensemble', 'test', 'made up', 50, 1, '0', 'abc', '{15,30}', '{0.1,0.5,0.9}', 0);
INSERT INTO public.forecast_crossing (run_id, station_id, variable, phase, origin, threshold, threshold_detail, probability, lead_minutes) VALUES (1, 'VES_VERVIERS', 'level', 'alert', 'suggested', 2.5, '{"rule": "HQ10 of the rating", "source": "own rule", "confidence": "estimated"}', 0.5, '{60,90,120}');
INSERT INTO public.series (series_id, station_id, variable, source_id) OVERRIDING SYSTEM VALUE VALUES (1, 'VES_VERVIERS', 'level', 'gauge');
INSERT INTO public.forecast_series (run_id, series_id, quantiles, peak_value, peak_lead_minutes) VALUES (1, 1, '{1,2,3,2,3,4}', '{2,3,4}', '{15,30,30}');
INSERT INTO public.latest_reading (series_id, observed_at, value, flag, unchanged_since) VALUES (1, '2021-07-14 00:15:00+00', 1.5, 'GOOD', '2021-07-14 00:15:00+00');
INSERT INTO public.message (stream_id, seq) VALUES (1, 4);
INSERT INTO public.model_state (valid_at, configuration_hash, code_version, seed, state) VALUES ('2021-07-14 00:00:00+00', 'abc', '0.1.0', 7, '\x7374617465');
INSERT INTO public.reading (series_id, observed_at, revision, value, flag, rule, correction, received_at, device_id, boot_id, seq) VALUES (1, '2021-07-14 00:00:00+00', 0, 1, 'GOOD', '', false, '2021-07-14 00:00:00+00', 'VES_VERVIERS', 'b1', 1);
INSERT INTO public.reading (series_id, observed_at, revision, value, flag, rule, correction, received_at, device_id, boot_id, seq) VALUES (1, '2021-07-14 00:15:00+00', 0, 1.5, 'GOOD', '', false, '2021-07-14 00:15:00+00', 'VES_VERVIERS', 'b1', 2);
INSERT INTO public.reading (series_id, observed_at, revision, value, flag, rule, correction, received_at, device_id, boot_id, seq) VALUES (1, '2021-07-14 00:00:00+00', 1, 9, 'SUSPECT', 'conflict', false, '2021-07-14 00:00:00+00', 'VES_VERVIERS', 'b1', 4);
INSERT INTO public.run_clock (only_row, mode, label, starts_at, ends_at, at, playing, speed) VALUES (true, 'demo', 'reconstruction', '2021-07-14 00:00:00+00', '2021-07-14 10:00:00+00', '2021-07-14 00:00:00+00', true, 60);
INSERT INTO public.station_state (station_id, basis, state, since, evaluated_at, evidence) VALUES ('VES_VERVIERS', 'forecast', 'alert', '2021-07-14 00:15:00+00', '2021-07-14 00:15:00+00', '{"probability": 0.5}');
INSERT INTO public.transition (transition_id, station_id, basis, at, before, after, reason, evidence) OVERRIDING SYSTEM VALUE VALUES (1, 'VES_VERVIERS', 'forecast', '2021-07-14 00:15:00+00', 'none', 'alert', 'crossed', '{"probability": 0.5}');
SELECT pg_catalog.setval('public.alert_alert_id_seq', 1, true);
SELECT pg_catalog.setval('public.dead_letter_dead_letter_id_seq', 1, true);
SELECT pg_catalog.setval('public.device_stream_stream_id_seq', 1, true);
SELECT pg_catalog.setval('public.forecast_run_run_id_seq', 1, true);
SELECT pg_catalog.setval('public.series_series_id_seq', 2, true);
SELECT pg_catalog.setval('public.transition_transition_id_seq', 1, true);
