CREATE TABLE environments (
	id INTEGER NOT NULL, 
	uuid TEXT NOT NULL, 
	name TEXT NOT NULL, 
	display_name TEXT NOT NULL, 
	production BOOLEAN NOT NULL, 
	contacts TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (uuid), 
	UNIQUE (name)
);
CREATE TABLE pacticipants (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	display_name TEXT NOT NULL, 
	main_branch TEXT, 
	repository_url TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	UNIQUE (name)
);
CREATE INDEX ix_pacticipants_name_key ON pacticipants (name_key);
CREATE TABLE schema_info (
	version INTEGER NOT NULL
);
CREATE TABLE branches (
	id INTEGER NOT NULL, 
	pacticipant_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (pacticipant_id, name), 
	FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id) ON DELETE CASCADE
);
CREATE TABLE contents (
	id INTEGER NOT NULL, 
	consumer_id INTEGER NOT NULL, 
	provider_id INTEGER NOT NULL, 
	sha TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (consumer_id, provider_id, sha), 
	FOREIGN KEY(consumer_id) REFERENCES pacticipants (id) ON DELETE CASCADE, 
	FOREIGN KEY(provider_id) REFERENCES pacticipants (id) ON DELETE CASCADE
);
CREATE TABLE integrations (
	consumer_id INTEGER NOT NULL, 
	provider_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (consumer_id, provider_id), 
	FOREIGN KEY(consumer_id) REFERENCES pacticipants (id) ON DELETE CASCADE, 
	FOREIGN KEY(provider_id) REFERENCES pacticipants (id) ON DELETE CASCADE
);
CREATE INDEX ix_integrations_provider ON integrations (provider_id);
CREATE TABLE versions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	pacticipant_id INTEGER NOT NULL, 
	number TEXT NOT NULL, 
	build_url TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	UNIQUE (pacticipant_id, number), 
	FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id) ON DELETE CASCADE
);
CREATE INDEX ix_versions_order ON versions (pacticipant_id, id);
CREATE TABLE branch_versions (
	branch_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (branch_id, version_id), 
	FOREIGN KEY(branch_id) REFERENCES branches (id) ON DELETE CASCADE, 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);
CREATE INDEX ix_branch_versions_version ON branch_versions (version_id);
CREATE TABLE deployments (
	id INTEGER NOT NULL, 
	uuid TEXT NOT NULL, 
	pacticipant_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	environment_id INTEGER NOT NULL, 
	instance TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	undeployed_at BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (uuid), 
	FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id) ON DELETE CASCADE, 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE, 
	FOREIGN KEY(environment_id) REFERENCES environments (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ix_deployments_current ON deployments (environment_id, pacticipant_id, instance) WHERE undeployed_at IS NULL;
CREATE INDEX ix_deployments_version ON deployments (version_id);
CREATE TABLE pacts (
	id INTEGER NOT NULL, 
	consumer_id INTEGER NOT NULL, 
	provider_id INTEGER NOT NULL, 
	consumer_version_id INTEGER NOT NULL, 
	content_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (consumer_version_id, provider_id), 
	FOREIGN KEY(consumer_id) REFERENCES pacticipants (id) ON DELETE CASCADE, 
	FOREIGN KEY(provider_id) REFERENCES pacticipants (id) ON DELETE CASCADE, 
	FOREIGN KEY(consumer_version_id) REFERENCES versions (id) ON DELETE CASCADE, 
	FOREIGN KEY(content_id) REFERENCES contents (id) ON DELETE CASCADE
);
CREATE INDEX ix_pacts_content ON pacts (content_id, consumer_version_id);
CREATE INDEX ix_pacts_order ON pacts (provider_id, consumer_id, consumer_version_id);
CREATE TABLE releases (
	id INTEGER NOT NULL, 
	uuid TEXT NOT NULL, 
	pacticipant_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	environment_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	support_ended_at BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (version_id, environment_id), 
	UNIQUE (uuid), 
	FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id) ON DELETE CASCADE, 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE, 
	FOREIGN KEY(environment_id) REFERENCES environments (id) ON DELETE CASCADE
);
CREATE INDEX ix_releases_current ON releases (environment_id, pacticipant_id) WHERE support_ended_at IS NULL;
CREATE TABLE tags (
	version_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	pacticipant_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (version_id, name), 
	FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE, 
	FOREIGN KEY(pacticipant_id) REFERENCES pacticipants (id) ON DELETE CASCADE
);
CREATE INDEX ix_tags_order ON tags (pacticipant_id, name, version_id);
CREATE TABLE verifications (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	content_id INTEGER NOT NULL, 
	provider_version_id INTEGER NOT NULL, 
	success BOOLEAN NOT NULL, 
	wip BOOLEAN NOT NULL, 
	build_url TEXT, 
	created_at BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	FOREIGN KEY(content_id) REFERENCES contents (id) ON DELETE CASCADE, 
	FOREIGN KEY(provider_version_id) REFERENCES versions (id) ON DELETE CASCADE
);
CREATE INDEX ix_verifications_latest ON verifications (content_id, provider_version_id, id);
CREATE INDEX ix_verifications_provider_version ON verifications (provider_version_id);
INSERT INTO environments (id, uuid, name, display_name, production, contacts, created_at, updated_at) VALUES (1, '80f4ad22-62a9-4a17-ab1e-a00a82963b0b', 'production', 'Production', 1, NULL, 1795281406483528, 1795281406483528);
INSERT INTO pacticipants (id, name, name_key, display_name, main_branch, repository_url, created_at, updated_at) VALUES (1, 'Foo', 'foo', 'Foo', 'main', NULL, 1795281406386580, 1795281406386580);
INSERT INTO pacticipants (id, name, name_key, display_name, main_branch, repository_url, created_at, updated_at) VALUES (2, 'Bar', 'bar', 'Bar', 'main', NULL, 1795281406386580, 1795281406469770);
INSERT INTO schema_info (version) VALUES (1);
INSERT INTO branches (id, pacticipant_id, name, created_at) VALUES (1, 1, 'main', 1795281406386580);
INSERT INTO branches (id, pacticipant_id, name, created_at) VALUES (2, 1, 'feat/x', 1795281406459891);
INSERT INTO branches (id, pacticipant_id, name, created_at) VALUES (3, 2, 'main', 1795281406469770);
INSERT INTO contents (id, consumer_id, provider_id, sha, created_at, body) VALUES (1, 1, 2, 'cdcd5ca1675287779d48f6b1d1b12d221e60f8af', 1795281406386580, X'7b22636f6e73756d6572223a7b226e616d65223a22466f6f227d2c2270726f7669646572223a7b226e616d65223a22426172227d2c22696e746572616374696f6e73223a5b7b225f6964223a2262313332376235363238353164366632326232323736306166343935353732333733343130666237222c2274797065223a2253796e6368726f6e6f75732f48545450222c226465736372697074696f6e223a22736f6d657468696e67222c2272657175657374223a7b226d6574686f64223a22474554222c2270617468223a222f736f6d657468696e67227d2c22726573706f6e7365223a7b22737461747573223a3230307d7d5d2c226d65746164617461223a7b227061637453706563696669636174696f6e223a7b2276657273696f6e223a22342e30227d7d7d');
INSERT INTO contents (id, consumer_id, provider_id, sha, created_at, body) VALUES (2, 1, 2, '7d813088b24e79796dbd691191fc4caf7a756a08', 1795281406459891, X'7b22636f6e73756d6572223a7b226e616d65223a22466f6f227d2c2270726f7669646572223a7b226e616d65223a22426172227d2c22696e746572616374696f6e73223a5b7b225f6964223a2266623862346538343462666565353234646663616363323563623435663932383438643538323065222c2274797065223a2253796e6368726f6e6f75732f48545450222c226465736372697074696f6e223a22656c7365222c2272657175657374223a7b226d6574686f64223a22474554222c2270617468223a222f656c7365227d2c22726573706f6e7365223a7b22737461747573223a3230307d7d5d2c226d65746164617461223a7b227061637453706563696669636174696f6e223a7b2276657273696f6e223a22342e30227d7d7d');
INSERT INTO integrations (consumer_id, provider_id, created_at) VALUES (1, 2, 1795281406386580);
INSERT INTO versions (id, pacticipant_id, number, build_url, created_at, updated_at) VALUES (1, 1, '1', NULL, 1795281406386580, 1795281406386580);
INSERT INTO versions (id, pacticipant_id, number, build_url, created_at, updated_at) VALUES (2, 1, '2', NULL, 1795281406459891, 1795281406459891);
INSERT INTO versions (id, pacticipant_id, number, build_url, created_at, updated_at) VALUES (3, 2, '7', NULL, 1795281406469770, 1795281406469770);
INSERT INTO branch_versions (branch_id, version_id, created_at) VALUES (1, 1, 1795281406386580);
INSERT INTO branch_versions (branch_id, version_id, created_at) VALUES (2, 2, 1795281406459891);
INSERT INTO branch_versions (branch_id, version_id, created_at) VALUES (3, 3, 1795281406469770);
INSERT INTO deployments (id, uuid, pacticipant_id, version_id, environment_id, instance, created_at, undeployed_at) VALUES (1, '81d783c9-02fc-46bd-a532-9e183b300a80', 1, 1, 1, '', 1795281406488085, 1795281406495190);
INSERT INTO deployments (id, uuid, pacticipant_id, version_id, environment_id, instance, created_at, undeployed_at) VALUES (2, '8b66c9d2-739a-4da2-9565-26d81825a83e', 1, 2, 1, '', 1795281406495190, NULL);
INSERT INTO pacts (id, consumer_id, provider_id, consumer_version_id, content_id, created_at) VALUES (1, 1, 2, 1, 1, 1795281406386580);
INSERT INTO pacts (id, consumer_id, provider_id, consumer_version_id, content_id, created_at) VALUES (2, 1, 2, 2, 2, 1795281406459891);
INSERT INTO releases (id, uuid, pacticipant_id, version_id, environment_id, created_at, support_ended_at) VALUES (1, '30fcfeb1-f54a-4297-8642-6241cd5f20c8', 2, 3, 1, 1795281406499027, NULL);
INSERT INTO tags (version_id, name, pacticipant_id, created_at) VALUES (1, 'dev', 1, 1795281406386580);
INSERT INTO verifications (id, content_id, provider_version_id, success, wip, build_url, created_at, body) VALUES (1, 1, 3, 1, 0, NULL, 1795281406476462, X'7b2274657374526573756c7473223a5b5d2c2276657269666965644279223a7b7d7d');
